import { halfValue } from '../../backend/half.ts';
import { valueText } from '../../pipeline/text/valueText.ts';
import { RequestError } from '../errors.ts';

/** How the values of a datatype are stored, and which ones it has. */
export interface Datatype {
  readonly name: string;
  readonly bytes: number;
  readonly read: (view: DataView, at: number) => number;
  /** Of JSON; without it, any number. */
  readonly accepts?: (value: number) => boolean;
}

const whole = { accepts: Number.isInteger };

/** Datatypes of the Open Inference Protocol that can hold brightnesses, little-endian. */
const LIST: readonly Datatype[] = [
  {
    name: 'BOOL',
    bytes: 1,
    read: (view, at) => view.getUint8(at),
    accepts: (value) => value === 0 || value === 1,
  },
  { name: 'UINT8', bytes: 1, read: (view, at) => view.getUint8(at), ...whole },
  { name: 'UINT16', bytes: 2, read: (view, at) => view.getUint16(at, true), ...whole },
  { name: 'UINT32', bytes: 4, read: (view, at) => view.getUint32(at, true), ...whole },
  { name: 'UINT64', bytes: 8, read: (view, at) => Number(view.getBigUint64(at, true)), ...whole },
  { name: 'INT8', bytes: 1, read: (view, at) => view.getInt8(at), ...whole },
  { name: 'INT16', bytes: 2, read: (view, at) => view.getInt16(at, true), ...whole },
  { name: 'INT32', bytes: 4, read: (view, at) => view.getInt32(at, true), ...whole },
  { name: 'INT64', bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)), ...whole },
  { name: 'FP16', bytes: 2, read: (view, at) => halfValue(view.getUint16(at, true)) },
  { name: 'BF16', bytes: 2, read: readBfloat16 },
  { name: 'FP32', bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  { name: 'FP64', bytes: 8, read: (view, at) => view.getFloat64(at, true) },
];
const DATATYPES: ReadonlyMap<string, Datatype> = new Map(LIST.map((datatype) => [datatype.name, datatype]));

/** @throws RequestError (400) for a datatype that cannot hold brightnesses */
export function datatypeOf(name: string): Datatype {
  const datatype = DATATYPES.get(name);
  if (datatype) return datatype;
  const known = [...DATATYPES.keys()].join(', ');
  if (name !== 'BYTES') throw new RequestError(400, `datatype takes ${known}, got ${valueText(name)}`);
  throw new RequestError(
    400,
    `datatype takes ${known}, got BYTES, which holds texts: send brightnesses, or a picture to /predict`,
  );
}

/** A bfloat16 is the upper half of a float32. */
function readBfloat16(view: DataView, at: number): number {
  const float = new DataView(new ArrayBuffer(4));
  float.setUint16(0, view.getUint16(at, true));
  return float.getFloat32(0);
}
