import type { DefaultTheme } from 'vitepress';

/** Every handwritten page, in reading order. */
export const sidebar: readonly (DefaultTheme.SidebarItem & { items: { text: string; link: string }[] })[] = [
  {
    text: 'Guide',
    items: [
      { text: 'Getting started', link: '/guide/getting-started' },
      { text: 'Coming from PyTorch', link: '/guide/pytorch' },
      { text: 'Coming from TensorFlow.js', link: '/guide/tensorflow' },
      { text: 'Data', link: '/guide/data' },
      { text: 'Your own data', link: '/guide/your-own-data' },
      { text: 'Your own model', link: '/guide/your-own-model' },
      { text: 'ONNX', link: '/guide/onnx' },
      { text: 'The pipeline', link: '/guide/pipeline' },
      { text: 'Scaling', link: '/guide/scaling' },
      { text: 'Notebooks', link: '/guide/notebooks' },
      { text: 'Serving', link: '/guide/serving' },
      { text: 'Kubernetes and monitoring', link: '/guide/kubernetes' },
      { text: 'Reproducibility', link: '/guide/reproducibility' },
      { text: 'Devices and drivers', link: '/guide/devices' },
      { text: 'In the browser', link: '/guide/browser' },
      { text: 'In Deno', link: '/guide/deno' },
      { text: 'Performance', link: '/guide/performance' },
    ],
  },
  {
    text: 'How it works',
    items: [
      { text: 'The library', link: '/internals/library' },
      { text: 'The pipeline', link: '/internals/pipeline' },
      { text: 'A tour of autograd', link: '/internals/autograd' },
      { text: 'How a kernel is written', link: '/internals/kernels' },
      { text: 'Add an operation', link: '/internals/add-an-operation' },
    ],
  },
];
