/** What the requests of the page to its service have in common. */

/** The service wants a key, or another one. */
export class KeyWanted extends Error {
  constructor() {
    super('This service asks for an API key. Enter it below.');
  }
}

/** Whether a request can send the key: headers take the characters of Latin-1, without those that control. */
export function isSendable(key: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(key);
}

/** The headers of a request with the service's API key; none for an empty key. */
export function keyHeaders(key: string): Record<string, string> {
  return key === '' ? {} : { 'x-api-key': key };
}

/** The error of an answer that refuses a request: KeyWanted, or one with the service's message, where it sends one. */
export async function refusalOf(response: Response): Promise<Error> {
  if (response.status === 401) return new KeyWanted();
  const body = (await response.json().catch(() => ({}))) as { error?: string };
  const { pathname } = new URL(response.url);
  return new Error(body.error ?? `${pathname}: the answer has status ${response.status}`);
}
