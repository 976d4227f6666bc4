// Pictures of the reader's own: a file, or the camera. Nothing of it leaves the page.

import { pixelsOf } from "./crop.js";
import { element } from "./page.js";

const KEPT = "coursecnn/picture"; // on the device, apart from the state, which a link may carry
const WAIT = 250; // milliseconds from one picture of the camera to the next
const REFUSALS = {
  NotAllowedError: "The camera was refused. A file works without it.",
  NotFoundError: "No camera was found.",
  NotReadableError: "The camera is in use elsewhere.",
};

/** The picture in a file, upright, as { width, height, data }; raises if there is none. */
export async function pictureIn(file) {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  return pixelsOf(bitmap, bitmap.width, bitmap.height);
}

/** The picture behind an address, which holds it. */
export async function pictureAt(address) {
  const image = element("img", { src: address });
  await image.decode();
  return pixelsOf(image, image.naturalWidth, image.naturalHeight);
}

/** A picture as an address that holds it, to be kept on the device. */
export function addressOf(photo) {
  const canvas = element("canvas");
  Object.assign(canvas, { width: photo.width, height: photo.height });
  canvas.getContext("2d")?.putImageData(photo, 0, 0);
  return canvas.toDataURL("image/jpeg", 0.85);
}

/** The picture that the device keeps, as an address that holds it; null if there is none. */
export function keptPicture() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null; // this browser keeps nothing for this page
  }
}

/** Keep a picture on the device, in place of the one before; null for none. */
export function keepPicture(address) {
  try {
    if (address === null) localStorage.removeItem(KEPT);
    else localStorage.setItem(KEPT, address);
  } catch {
    // It is not kept, and shown all the same.
  }
}

/** Whether this page may ask for a camera at all. */
export function hasCamera() {
  return typeof navigator.mediaDevices?.getUserMedia === "function";
}

/** The camera: it is asked for when it is started, and let go when it is stopped. */
export class Camera {
  /** @type {MediaStream | null} */
  stream = null;
  timer = 0;

  /** @param {(photo: ImageData) => void} onPicture receives several pictures a second */
  constructor(onPicture) {
    this.onPicture = onPicture;
    this.video = element("video", { muted: true, playsInline: true });
    addEventListener("pagehide", () => this.stop());
    document.addEventListener("visibilitychange", () => document.hidden && this.stop());
  }

  get isOn() {
    return this.stream !== null;
  }

  /** Start it; what went wrong comes back as a text, or nothing. */
  async start() {
    try {
      const video = { facingMode: "environment", width: { ideal: 640 } };
      this.stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
      this.video.srcObject = this.stream;
      await this.video.play();
    } catch (error) {
      this.stop();
      const name = error instanceof Error ? error.name : "";
      return REFUSALS[name] ?? "The camera cannot be used here.";
    }
    this.look();
    return "";
  }

  look() {
    if (!this.isOn) return;
    const { videoWidth, videoHeight } = this.video;
    if (videoWidth > 0) this.onPicture(pixelsOf(this.video, videoWidth, videoHeight));
    this.timer = setTimeout(() => this.look(), WAIT);
  }

  stop() {
    clearTimeout(this.timer);
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
    this.video.srcObject = null;
  }
}
