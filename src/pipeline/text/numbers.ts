/** 0.9224 → `92.24 %`; a dash for undefined. */
export function percent(share: number | undefined): string {
  return share === undefined ? '–' : `${(100 * share).toFixed(2)} %`;
}

/** 1234567 → `1,234,567`. (The first use of `toLocaleString` loads tables for a hundred languages.) */
export function thousands(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}

/** Seconds as `0:42` or `1:02:09`; a dash for undefined. */
export function duration(seconds: number | undefined): string {
  if (seconds === undefined) return '–';
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const rest = `:${String(whole % 60).padStart(2, '0')}`;
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}${rest}` : `${minutes}${rest}`;
}
