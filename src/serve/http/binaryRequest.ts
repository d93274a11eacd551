import { valueText } from '../../pipeline/text/valueText.ts';
import { RequestError } from '../errors.ts';
import { type InferRequest, inferRequest, type InferResponse } from './schemas.ts';

export const HEADER_LENGTH = 'inference-header-content-length';

/** A request of the protocol, and the bytes after its JSON. */
export interface InferMessage {
  readonly request: InferRequest;
  readonly binary: Buffer;
}

/**
 * Splits a body of the binary tensor extension into JSON, whose length the header gives, and tensors.
 *
 * @throws RequestError (400) if the length is invalid or the JSON is wrong
 */
export function readBinaryRequest(body: Buffer, header: string | string[] | undefined): InferMessage {
  const text = typeof header === 'string' ? header : '';
  const length = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (!(length <= body.length)) {
    throw new RequestError(
      400,
      `Inference-Header-Content-Length takes the length of the JSON, at most the body's ${body.length} bytes, got ${valueText(header)}`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8', 0, length));
  } catch {
    throw new RequestError(400, `the first ${length} bytes of the body are not JSON`);
  }
  const result = inferRequest.safeParse(value);
  if (!result.success) {
    const { path, message } = result.error.issues[0]!;
    throw new RequestError(400, `body /${path.map(String).join('/')}: ${message}`);
  }
  return { request: result.data, binary: body.subarray(length) };
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
