import { byId } from '../elements.ts';

/** The camera: the first click on its button opens it, the second takes the picture. */
export class Camera {
  readonly #button = byId('camera', HTMLButtonElement);
  readonly #video = byId('video', HTMLVideoElement);
  readonly #canvas = byId('canvas', HTMLCanvasElement);
  readonly #opened: () => void;
  readonly #taken: (picture: Blob) => void;
  readonly #failed: (message: string) => void;
  #stream: MediaStream | undefined;
  /** Counts what the visitor wants, so that a late answer of the browser is recognised. */
  #turn = 0;

  /**
   * @param opened is called before the camera opens
   * @param taken gets the picture
   * @param failed gets what to say where the camera cannot be used
   */
  constructor(opened: () => void, taken: (picture: Blob) => void, failed: (message: string) => void) {
    this.#opened = opened;
    this.#taken = taken;
    this.#failed = failed;
    // Browsers offer it only over HTTPS or on localhost.
    this.#button.hidden = !('mediaDevices' in navigator);
    this.#button.addEventListener('click', () => void (this.#video.hidden ? this.#open() : this.#take()));
  }

  close(): void {
    this.#turn++;
    stop(this.#stream);
    this.#stream = undefined;
    this.#video.hidden = true;
    this.#canvas.hidden = false;
    this.#button.textContent = 'Camera';
  }

  async #open(): Promise<void> {
    this.#opened();
    const turn = ++this.#turn;
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: 'environment', width: { ideal: 960 }, height: { ideal: 960 } },
      });
      if (turn !== this.#turn) {
        stop(stream);
        return;
      }
      this.#stream = stream;
      this.#video.srcObject = stream;
      await this.#video.play();
      if (turn !== this.#turn) return;
      this.#canvas.hidden = true;
      this.#video.hidden = false;
      this.#button.textContent = 'Take the picture';
    } catch (error) {
      if (turn === this.#turn) this.#fail(error);
    }
  }

  /** The square in the middle of what the camera sees, as it is shown. */
  async #take(): Promise<void> {
    try {
      const { videoWidth, videoHeight } = this.#video;
      const side = Math.min(videoWidth, videoHeight);
      const canvas = new OffscreenCanvas(side, side);
      const [left, top] = [(videoWidth - side) / 2, (videoHeight - side) / 2];
      canvas.getContext('2d')!.drawImage(this.#video, left, top, side, side, 0, 0, side, side);
      this.close();
      const turn = this.#turn;
      const picture = await canvas.convertToBlob({ type: 'image/png' });
      if (turn === this.#turn) this.#taken(picture);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.close();
    this.#failed(`The camera cannot be used: ${(error as Error).message}`);
  }
}

function stop(stream: MediaStream | undefined): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
