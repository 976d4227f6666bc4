// Pictures of the reader's own: from a file or a camera. They stay in the page, and go nowhere.

const MILLISECONDS_PER_PICTURE = 150;

/**
 * The brightness of the middle of a picture, scaled to `shape`, [rows, columns].
 *
 * @param {CanvasImageSource} source
 * @param {{ width: number, height: number }} size of the source
 * @param {number[]} shape
 * @returns {import("./arithmetic.js").Numbers}
 */
export function brightness(source, { width, height }, [rows, columns]) {
  const canvas = Object.assign(document.createElement("canvas"), { width: columns, height: rows });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const values = new Float64Array(rows * columns);
  if (!context) return { shape: [rows, columns, 1], values };
  const scale = Math.min(width / columns, height / rows);
  const [wide, high] = [columns * scale, rows * scale];
  context.fillStyle = "#fff"; // under what is transparent
  context.fillRect(0, 0, columns, rows);
  context.imageSmoothingQuality = "high";
  const from = /** @type {const} */ ([(width - wide) / 2, (height - high) / 2]);
  context.drawImage(source, ...from, wide, high, 0, 0, columns, rows);
  const { data } = context.getImageData(0, 0, columns, rows);
  for (let index = 0; index < values.length; index++) {
    const [red, green, blue] = [0, 1, 2].map((channel) => data[4 * index + channel]);
    values[index] = (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
  }
  return { shape: [rows, columns, 1], values };
}

/** The picture in a file, as `brightness` gives it; it raises if there is none in it. */
export async function pictureIn(file, shape) {
  const picture = await createImageBitmap(file);
  return brightness(picture, picture, shape);
}

/** A camera that is asked for only by `start`; it stops when nobody sees the page. */
export class Camera {
  /** @type {MediaStream | null} */
  stream = null;
  timer = 0;

  /** @param {{ shape: number[], onPicture: (picture: any) => void, onEnd: () => void }} how */
  constructor({ shape, onPicture, onEnd }) {
    this.shape = shape;
    this.onPicture = onPicture;
    this.onEnd = onEnd;
    this.video = Object.assign(document.createElement("video"), { muted: true, playsInline: true });
    document.addEventListener("visibilitychange", () => document.hidden && this.stop());
  }

  /** Ask for the camera, and hand on its pictures; the words to show, if it cannot be had. */
  async start() {
    try {
      const constraints = { video: { facingMode: "environment" }, audio: false };
      if (!navigator.mediaDevices) throw new DOMException("", "SecurityError");
      this.stream = await navigator.mediaDevices.getUserMedia(constraints);
      this.video.srcObject = this.stream;
      await this.video.play();
    } catch (error) {
      this.stop();
      return refusal(error);
    }
    this.look();
    return "";
  }

  look() {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (width > 0) this.onPicture(brightness(this.video, { width, height }, this.shape));
    // One after the other: a phone takes its time for each.
    this.timer = setTimeout(() => this.look(), MILLISECONDS_PER_PICTURE);
  }

  /** Let go of the camera; the last picture stays. */
  stop() {
    clearTimeout(this.timer);
    const wasOn = this.stream !== null;
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    if (wasOn) this.onEnd();
  }
}

function refusal(error) {
  const reasons = {
    NotAllowedError: "The camera was not allowed",
    NotFoundError: "No camera was found",
    NotReadableError: "Another program has the camera",
    SecurityError: "A page may use a camera only at an https address",
  };
  const reason = reasons[error?.name] ?? "The camera cannot be had";
  return `${reason}. Nothing was recorded; a picture from a file will do as well.`;
}
