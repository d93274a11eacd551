/** What the requests of the page to its service have in common. */

/** The service wants a key, or another one. */
export class KeyWanted extends Error {
  constructor() {
    super('This service asks for an API key. Enter it below.');
  }
}

/** The headers of a request with the service's API key; none for an empty key. */
export function keyHeaders(key: string): Record<string, string> {
  return key === '' ? {} : { 'x-api-key': key };
}
