import { byId } from '../elements.ts';

/** Paper stays white in the dark, too: the preparation finds out what is background. */
const PAPER = '#ffffff';
const INK = '#000000';
/** How far an arrow key moves, in pixels of the canvas. */
const STEP = 14;

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

interface Point {
  x: number;
  y: number;
}

/** The canvas on which the visitor draws, with pointer or keys. */
export class Drawing {
  readonly canvas: HTMLCanvasElement = byId('canvas', HTMLCanvasElement);
  readonly #context = this.canvas.getContext('2d', { willReadFrequently: true })!;
  readonly #pen = byId('pen', HTMLInputElement);
  readonly #cursor: Point = { x: this.canvas.width / 2, y: this.canvas.height / 2 };
  #isDown = false;
  #held: Point | undefined;

  /**
   * @param drawn is called after each stroke
   * @param cleared is called when a key clears the canvas
   */
  constructor(drawn: () => void, cleared: () => void) {
    this.#listenToPointers(drawn);
    this.canvas.addEventListener('keydown', (event) => {
      const arrow = ARROWS[event.key];
      if (arrow) this.#move(arrow);
      else if (event.key === ' ') this.#lift(drawn);
      else if (event.key === 'Delete' || event.key === 'Backspace') cleared();
      else return;
      event.preventDefault();
    });
    this.clear();
  }

  clear(): void {
    this.#context.fillStyle = PAPER;
    this.#context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    this.#isDown = false;
  }

  /** Shows a picture, as large as fits. */
  show(picture: ImageBitmap): void {
    this.clear();
    const { width, height } = this.canvas;
    const scale = Math.min(width / picture.width, height / picture.height);
    const [shownWidth, shownHeight] = [picture.width * scale, picture.height * scale];
    this.#context.drawImage(
      picture,
      (width - shownWidth) / 2,
      (height - shownHeight) / 2,
      shownWidth,
      shownHeight,
    );
  }

  toBlob(): Promise<Blob> {
    return new Promise((resolve) => this.canvas.toBlob((blob) => resolve(blob!), 'image/png'));
  }

  #listenToPointers(drawn: () => void): void {
    const { canvas } = this;
    canvas.addEventListener('pointerdown', (event) => {
      if (!event.isPrimary || event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      this.#held = this.#placeOf(event);
      this.#stroke(this.#held, this.#held);
    });
    canvas.addEventListener('pointermove', (event) => {
      if (!this.#held || !event.isPrimary) return;
      for (const part of event.getCoalescedEvents()) {
        const to = this.#placeOf(part);
        this.#stroke(this.#held, to);
        this.#held = to;
      }
    });
    for (const name of ['pointerup', 'pointercancel'] as const) {
      canvas.addEventListener(name, () => {
        if (!this.#held) return;
        this.#held = undefined;
        drawn();
      });
    }
  }

  #move([right, down]: readonly [number, number]): void {
    const { canvas } = this;
    const cursor = this.#cursor;
    const to = {
      x: Math.max(0, Math.min(canvas.width, cursor.x + STEP * right)),
      y: Math.max(0, Math.min(canvas.height, cursor.y + STEP * down)),
    };
    if (this.#isDown) this.#stroke(cursor, to);
    Object.assign(cursor, to);
  }

  #lift(drawn: () => void): void {
    this.#isDown = !this.#isDown;
    if (this.#isDown) this.#stroke(this.#cursor, this.#cursor);
    else drawn();
  }

  #stroke(from: Point, to: Point): void {
    const context = this.#context;
    context.strokeStyle = INK;
    context.lineWidth = Number(this.#pen.value);
    context.lineCap = 'round';
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    context.stroke();
  }

  #placeOf(event: PointerEvent): Point {
    const box = this.canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) * this.canvas.width) / box.width,
      y: ((event.clientY - box.top) * this.canvas.height) / box.height,
    };
  }
}
