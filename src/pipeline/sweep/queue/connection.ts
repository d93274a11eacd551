import { Redis, type RedisOptions } from 'ioredis';

/** What all keys of this project in Redis start with. */
export const PREFIX = 'wgrad';

/** The queue of the trials that need a label; `any` is the label of trials that need none. */
export function queueName(label: string): string {
  return `trials-${label}`;
}

/** A Redis address without its password. */
export function addressText(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
}

/** Milliseconds between two attempts to connect, at most. */
const LONGEST_PAUSE = 1000;
/**
 * Milliseconds without an answer after which a connection counts as lost. Where a machine goes without a word, the system
 * itself takes a quarter of an hour to notice. BullMQ's commands wait for 10 s at most.
 */
const SILENCE = 20_000;

/** A connection that comes back whenever it is lost, until it is ended. */
export class LastingRedis extends Redis {
  readonly #copies: Redis[] = [];

  /** BullMQ makes connections of its own from it. */
  override duplicate(override?: Partial<RedisOptions>): Redis {
    const copy = super.duplicate(override);
    this.#copies.push(copy);
    return copy;
  }

  /** Ends it and its copies: commands that wait fail. */
  endAll(): void {
    for (const each of [this, ...this.#copies]) {
      // Between two attempts there is no socket, and `disconnect` leaves commands waiting for ever. So an attempt begins.
      if (each.status === 'reconnecting') each.connect().catch(() => undefined);
      each.disconnect();
    }
  }
}

/**
 * Connects to Redis. While it cannot be reached, commands wait; `report` gets one line when that begins, and one when it
 * has ended.
 *
 * @param silence milliseconds without an answer after which the connection counts as lost
 */
export function connect(
  url: string,
  report: (line: string) => void,
  silence: number = SILENCE,
): LastingRedis {
  const redis = new LastingRedis(url, {
    maxRetriesPerRequest: null,
    socketTimeout: silence,
    retryStrategy: (attempt) => Math.min(attempt * 100, LONGEST_PAUSE),
  });
  let isDown = false;
  const down = (why: string): void => {
    if (isDown) return;
    isDown = true;
    report(`Redis at ${addressText(url)} cannot be reached (${why}); waiting for it`);
  };
  redis.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    down(code ?? message);
  });
  redis.on('ready', () => {
    if (isDown) report(`Redis at ${addressText(url)} answers`);
    isDown = false;
  });
  return redis;
}

/** Connects to Redis for one question. @throws the error of the connection, where it cannot be reached */
export async function connectOnce(url: string): Promise<Redis> {
  const redis = new Redis(url, { maxRetriesPerRequest: 1, retryStrategy: () => null, lazyConnect: true });
  redis.on('error', () => undefined);
  await redis.connect();
  return redis;
}
