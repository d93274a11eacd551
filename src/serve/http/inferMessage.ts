import type { IncomingHttpHeaders } from 'node:http';
import { valueText } from '../../pipeline/text/valueText.ts';
import { RequestError } from '../errors.ts';
import { requireModest } from './jsonBody.ts';
import { type InferRequest, inferRequest, type InferResponse } from './schemas.ts';

export const HEADER_LENGTH = 'inference-header-content-length';

/** A request of the protocol, and the bytes after its JSON. */
export interface InferMessage {
  readonly request: InferRequest;
  readonly binary: Buffer;
}

/**
 * Reads a request of the protocol: JSON, and with the binary tensor extension the bytes of tensors after it. The header
 * gives the length of the JSON; without the header the whole body is JSON. The content type does not count, because
 * clients disagree about it: Triton's sends none, aiohttp's says octet-stream for JSON, others say JSON for both.
 *
 * @throws RequestError (400) if the length is invalid or the JSON is wrong
 */
export function readInferMessage(body: unknown, headers: IncomingHttpHeaders): InferMessage {
  if (!Buffer.isBuffer(body) || body.length === 0) {
    throw new RequestError(400, 'takes an inference request, got no body');
  }
  const length = jsonLength(body, headers[HEADER_LENGTH]);
  const result = inferRequest.safeParse(readJson(body.subarray(0, length)));
  if (!result.success) {
    const { path, message } = result.error.issues[0]!;
    throw new RequestError(400, `body /${path.map(String).join('/')}: ${message}`);
  }
  return { request: result.data, binary: body.subarray(length) };
}

/** @throws RequestError: 400 for anything but JSON in UTF-8, 413 for JSON that would take long to read */
export function readJson(bytes: Buffer): unknown {
  requireModest(bytes);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    const got = error instanceof SyntaxError ? error.message : 'bytes that are not UTF-8';
    throw new RequestError(
      400,
      `takes JSON, and binary tensors after it if Inference-Header-Content-Length gives its length: ${got}`,
    );
  }
}

function jsonLength(body: Buffer, header: string | string[] | undefined): number {
  if (header === undefined) return body.length;
  const length = typeof header === 'string' && /^\d{1,10}$/.test(header) ? Number(header) : NaN;
  if (length <= body.length) return length;
  throw new RequestError(
    400,
    `Inference-Header-Content-Length takes the length of the JSON, at most the body's ${body.length} bytes, got ${valueText(header)}`,
  );
}

/** Creates a response of the binary tensor extension: the values follow the JSON. */
export function writeBinaryResponse(
  response: InferResponse,
  wanted: ReadonlySet<string>,
): { body: Buffer; headerLength: number } {
  const parts: Buffer[] = [];
  const outputs = response.outputs.map((output) => {
    if (!wanted.has(output.name)) return output;
    const { data = [], ...rest } = output;
    const bytes = encode(data, output.datatype);
    parts.push(bytes);
    return { ...rest, parameters: { binary_data_size: bytes.length } };
  });
  const json = Buffer.from(JSON.stringify({ ...response, outputs }));
  return { body: Buffer.concat([json, ...parts]), headerLength: json.length };
}

function encode(data: readonly number[], datatype: string): Buffer {
  const typed = datatype === 'INT64' ? BigInt64Array.from(data, BigInt) : Float32Array.from(data);
  return Buffer.from(typed.buffer);
}
