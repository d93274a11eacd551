export { decodeSafetensors, type SafetensorsFile } from './decode.ts';
export { encodeSafetensors, safetensorsParts } from './encode.ts';
export { loadSafetensorsFile, saveSafetensorsFile } from './files.ts';
export { type SafeTensor, SafetensorsError, type SafetensorsDtype, type TensorValues } from './format.ts';
export { type LoadOptions, type LoadedSafetensors, loadSafetensors } from './load.ts';
export { saveSafetensors } from './save.ts';
export { fromSafeTensor, type TensorOptions, toSafeTensors } from './tensors.ts';
