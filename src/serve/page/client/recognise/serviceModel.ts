import type { PageModel } from '../../content.ts';
import type { LocalModel } from '../models.ts';
import { keyHeaders, refusalOf } from '../service.ts';

/**
 * Fetches the model of the service, to run it in this browser.
 *
 * @param path of a static site, the file of one of its models
 * @throws KeyWanted, or an error with the service's message
 */
export async function fetchServiceModel(key: string, path: string = 'model'): Promise<LocalModel> {
  const response = await fetch(path, { headers: keyHeaders(key) });
  if (!response.ok) throw await refusalOf(response);
  const text = await response.text();
  const { name, version, model, data, weights } = parsed(text, path) as PageModel;
  return { title: `Model ${name}, version ${version}`, model, data, weights: bytesOf(weights) };
}

/** @throws Error for a page of HTML, as some servers send it in place of a file that is missing */
function parsed(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${path}: not a model, but ${text.length} characters that are no JSON`, { cause: error });
  }
}

/** The bytes of base64. */
export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
