import { percent } from './numbers.ts';

/** Metrics for people: `loss 0.3394, accuracy 88.44 %`, `loss 241.0213, reconstruction 226.1312, kl 14.8901`. */
export function metricsText({ loss, ...others }: { readonly loss: number } & object): string {
  const rest = Object.entries(others).map(
    ([name, value]) =>
      `, ${name} ${name === 'accuracy' ? percent(value as number) : (value as number).toFixed(4)}`,
  );
  return `loss ${loss.toFixed(4)}${rest.join('')}`;
}
