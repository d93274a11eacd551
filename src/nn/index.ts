export { GELU, LeakyReLU, ReLU, Sigmoid, SiLU, Tanh } from './activations.ts';
export { Dropout } from './dropout.ts';
export { Flatten } from './flatten.ts';
export * as functional from './functional.ts';
export * as init from './init.ts';
export { Linear } from './linear.ts';
export { BCEWithLogitsLoss, CrossEntropyLoss, MSELoss, NLLLoss } from './losses.ts';
export { Module, type StateDict } from './module.ts';
export { Sequential } from './sequential.ts';
