import { byId } from '../elements.ts';

/** The camera: the first click on its button opens it, the second takes the picture. */
export class Camera {
  readonly #button = byId('camera', HTMLButtonElement);
  readonly #video = byId('video', HTMLVideoElement);
  readonly #canvas = byId('canvas', HTMLCanvasElement);
  #stream: MediaStream | undefined;

  /**
   * @param opened is called before the camera opens
   * @param taken gets the picture
   * @param failed gets what to say where the camera cannot be used
   */
  constructor(opened: () => void, taken: (picture: Blob) => void, failed: (message: string) => void) {
    // Browsers offer it only over HTTPS or on localhost.
    this.#button.hidden = !('mediaDevices' in navigator);
    this.#button.addEventListener('click', () => {
      if (!this.#stream) opened();
      const work = this.#stream ? this.#take().then(taken) : this.#open();
      work.catch((error: unknown) => {
        this.close();
        failed(`The camera cannot be used: ${(error as Error).message}`);
      });
    });
  }

  close(): void {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = undefined;
    this.#video.hidden = true;
    this.#canvas.hidden = false;
    this.#button.textContent = 'Camera';
  }

  async #open(): Promise<void> {
    this.#stream = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: 'environment', width: { ideal: 960 }, height: { ideal: 960 } },
    });
    this.#video.srcObject = this.#stream;
    await this.#video.play();
    this.#canvas.hidden = true;
    this.#video.hidden = false;
    this.#button.textContent = 'Take the picture';
  }

  /** The square in the middle of what the camera sees, as it is shown. */
  async #take(): Promise<Blob> {
    const { videoWidth, videoHeight } = this.#video;
    const side = Math.min(videoWidth, videoHeight);
    const canvas = new OffscreenCanvas(side, side);
    const [left, top] = [(videoWidth - side) / 2, (videoHeight - side) / 2];
    canvas.getContext('2d')!.drawImage(this.#video, left, top, side, side, 0, 0, side, side);
    this.close();
    return canvas.convertToBlob({ type: 'image/png' });
  }
}
