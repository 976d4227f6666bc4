// Numbers to point at: one of them is chosen, a click pins it, and a colour says what belongs to it.

const GOLDEN = 137.5; // degrees: the hues of neighbouring weights are far apart

/** The hue of the weight, the output or the channel with a number. */
export function hue(index) {
  return Math.round((index * GOLDEN) % 360);
}

/** Give a cell the colour of a number, such as that of a weight; null for none. */
export function tint(cell, index) {
  cell.classList.toggle("window", index !== null);
  if (index === null) cell.style.removeProperty("--hue");
  else cell.style.setProperty("--hue", String(hue(index)));
}

/**
 * What the mouse and the keyboard do with the cells of a widget. A mouse chooses what it is over; a
 * click pins that, so that the way to somewhere else does not change it, and a second click, or
 * Escape, lets go.
 */
export class Choosing {
  isPinned = false;

  /**
   * @param {HTMLElement} node
   * @param {object} how
   * @param {(place: any) => void} how.choose shows a place, and stops what moves by itself
   * @param {(place: any) => boolean} how.isChosen whether it is the one that is shown
   * @param {(pointed: any) => void} [how.point] shows something else for a while; null ends that
   */
  constructor(node, { choose, isChosen, point = () => {} }) {
    this.node = node;
    this.choose = choose;
    this.isChosen = isChosen;
    this.point = point;
    node.addEventListener("keydown", (event) => event.key === "Escape" && this.pin(false));
  }

  pin(isPinned) {
    this.isPinned = isPinned;
    this.node.toggleAttribute("data-pinned", isPinned);
  }

  /** Whether an event comes from a mouse that may choose. */
  isHover(event) {
    return event.pointerType === "mouse" && !this.isPinned;
  }

  /** A button that chooses a place. */
  choosable(cell, place) {
    // The focus, which comes before the click, chooses the place: what was before decides.
    let wasHere = false;
    cell.onpointerdown = () => {
      wasHere = this.isChosen(place);
    };
    cell.onclick = () => {
      this.choose(place);
      this.pin(!(this.isPinned && wasHere));
    };
    return this.hoverable(cell, place);
  }

  /** A cell that chooses a place when the mouse is over it. */
  hoverable(cell, place) {
    cell.onpointerenter = (event) => this.isHover(event) && this.choose(place);
    return cell;
  }

  /** A cell that shows what it has to do with while the mouse is over it, or the keyboard in it. */
  pointable(cell, pointed) {
    cell.onpointerenter = (event) => this.isHover(event) && this.point(pointed);
    cell.onpointerleave = (event) => {
      if (this.isHover(event) && document.activeElement !== cell) this.point(null);
    };
    cell.addEventListener("focus", () => this.point(pointed));
    cell.addEventListener("blur", () => this.point(null));
    return cell;
  }
}
