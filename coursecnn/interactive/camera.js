// A picture of the reader's own: a file that is opened or dropped, or the camera. It stays here.

import { button, element } from "./page.js";

const WAIT = 200; // milliseconds from one picture of the camera to the next
const REFUSALS = {
  NotAllowedError: "The camera was refused.",
  NotFoundError: "No camera was found.",
  NotReadableError: "The camera is in use elsewhere.",
  SecurityError: "A page may use a camera only at an https address.",
};

/**
 * The controls for a picture of the reader's own, and a note on what went wrong.
 *
 * The camera is asked for only when its button is pressed. It is let go when the picture is taken,
 * when nobody sees the interactive, and when another picture is chosen, which `leave` says.
 */
export class OwnPicture {
  /** @type {MediaStream | null} */
  stream = null;
  timer = 0;
  turn = 0; // of what was asked for; what comes too late is dropped

  /**
   * @param {HTMLElement} root what must be in view for the camera to stay on
   * @param {{
   *   onFile: (found: import("./pictures.js").Found) => void,
   *   onLive: (found: import("./pictures.js").Found) => void,
   *   onTaken?: () => void,
   * }} how several pictures a second come live; when one is taken, it was the last of them
   */
  constructor(root, { onFile, onLive, onTaken = () => {} }) {
    this.onFile = onFile;
    this.onLive = onLive;
    this.onTaken = onTaken;
    this.video = element("video", { muted: true, playsInline: true });
    this.shutter = button("Use the camera", () => this.toggle());
    this.shutter.hidden = typeof navigator.mediaDevices?.getUserMedia !== "function";
    this.note = element("p", { className: "note", role: "alert" });
    this.node = element("div", { className: "bar" }, this.opener(), this.shutter);
    root.ondragover = (event) => event.preventDefault();
    root.ondrop = (event) => {
      event.preventDefault();
      const dropped = event.dataTransfer?.files[0];
      if (dropped) this.open(dropped);
    };
    addEventListener("pagehide", () => this.take());
    document.addEventListener("visibilitychange", () => document.hidden && this.take());
    new IntersectionObserver((seen) => seen.at(-1)?.isIntersecting || this.take()).observe(root);
  }

  get isOn() {
    return this.stream !== null;
  }

  opener() {
    const file = element("input", { type: "file", accept: "image/*", ariaLabel: "open a picture" });
    file.onchange = () => {
      if (file.files?.[0]) this.open(file.files[0]);
      file.value = ""; // the same file may be opened again
    };
    return element("label", { className: "open" }, file, "Open a picture …");
  }

  /** Hand on the picture in a file, upright. */
  async open(file) {
    this.leave();
    const turn = this.turn;
    try {
      const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
      const { width, height } = picture;
      if (turn === this.turn) this.onFile({ picture, width, height });
    } catch {
      this.tell(`“${file.name}” holds no picture that this browser can read.`);
    }
  }

  tell(text) {
    this.note.textContent = text;
  }

  toggle() {
    if (this.isOn) this.take();
    else this.start();
  }

  async start() {
    this.leave();
    const turn = this.turn;
    try {
      const video = { facingMode: "environment", width: { ideal: 640 } };
      const stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
      if (turn !== this.turn) return letGo(stream);
      this.stream = stream;
      this.video.srcObject = stream;
      await this.video.play();
    } catch (error) {
      this.leave();
      const name = error instanceof Error ? error.name : "";
      return this.tell(`${REFUSALS[name] ?? "The camera cannot be used here."} A file will do.`);
    }
    this.shutter.textContent = "Take the picture";
    this.look();
  }

  look() {
    if (!this.isOn) return;
    const { video } = this;
    const [width, height] = [video.videoWidth, video.videoHeight];
    if (width > 0) this.onLive({ picture: video, width, height });
    // One after the other: a phone takes its time for each.
    this.timer = setTimeout(() => this.look(), WAIT);
  }

  /** Let go of the camera, if it is on; the last picture stays. */
  take() {
    if (!this.isOn) return;
    this.leave();
    this.onTaken();
  }

  /** Let go of the camera, and of a file that is still being opened. */
  leave() {
    this.turn += 1;
    clearTimeout(this.timer);
    letGo(this.stream);
    this.stream = this.video.srcObject = null;
    this.shutter.textContent = "Use the camera";
    this.tell("");
  }
}

function letGo(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
