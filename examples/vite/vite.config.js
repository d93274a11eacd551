// These headers make the page cross-origin isolated. Then the CPU backend uses all processors.
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export default {
  server: { headers },
  preview: { headers },
  worker: { format: 'es' },
};
