// The package's `main` is a CommonJS file in an ESM package, which Node cannot import; its module build has no types
// beside it.
declare module 'wgsl_reflect/wgsl_reflect.module.js' {
  export * from 'wgsl_reflect';
}
