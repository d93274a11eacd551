import { type Backend, nn, optim, randn, square, tensor } from '../../src/index.ts';

/** Arguments of a right call, and which of them may be what. */
export interface Example {
  readonly args: () => unknown[];
  /** The number of arguments that must be given; by default all. Those after them may be null, the last also `{}`. */
  readonly required?: number;
  /** Positions that take any number, so NaN too. */
  readonly anyNumber?: readonly number[];
  /** Positions that take any function. */
  readonly anyFunction?: readonly number[];
  /** What is right as the first argument: any string as a path, an empty object as a state. */
  readonly first?: "'3'" | '{}';
  /** Positions that take null with a meaning of its own. */
  readonly nullable?: readonly number[];
}

type Examples = Readonly<Record<string, Example>>;

/** Examples on one device. Names are those of the exports. */
export function examplesOn(device: Backend): {
  readonly library: Examples;
  readonly init: Examples;
  readonly modules: Examples;
  readonly optimizers: Examples;
  readonly schedules: Examples;
} {
  const x = (): ReturnType<typeof tensor> =>
    tensor(
      [
        [1, 2],
        [3, 4],
      ],
      { device, requiresGrad: true },
    );
  const still = () => x().detach();
  const batch = () => tensor(new Float32Array(8), { shape: [2, 2, 2], device });
  const labels = () => tensor([0, 1], { dtype: 'int32', device });
  const images = () => tensor(new Float32Array(16), { shape: [1, 1, 4, 4], device });
  const one: Example = { args: () => [x()] };
  const pair: Example = { args: () => [x(), x()], anyNumber: [1] };
  const condition = () => x().gt(2);
  const sizes: Example = { args: () => [[2, 2]], required: 1 };
  const reduction: Example = { args: () => [x(), 0, true], required: 1 };
  const index = () =>
    tensor(
      [
        [0, 1],
        [1, 0],
      ],
      { dtype: 'int32', device },
    );
  const list: Example = { args: () => [x(), [2, 2]] };
  const dims: Example = { args: () => [x(), [1, 0]] };
  const classes: Example = { args: () => [x(), labels()] };
  const layer = () => new nn.Linear(2, 2, { device });
  const scalar = () => x().square().sum();

  const library: Examples = {
    ...Object.fromEntries(
      [
        'abs',
        'cos',
        'erf',
        'exp',
        'expm1',
        'log1p',
        'floor',
        'log',
        'neg',
        'reciprocal',
        'rsqrt',
        'sign',
        'sin',
        'sqrt',
        'square',
        'ceil',
        'trunc',
        'round',
        'log2',
        'isnan',
        'isinf',
        'isfinite',
        'logicalNot',
      ]
        .concat(['relu', 'sigmoid', 'silu', 'tanh', 't', 'clone', 'contiguous'])
        .map((name) => [name, one]),
    ),
    ...Object.fromEntries(
      ['add', 'sub', 'mul', 'div', 'pow', 'maximum', 'minimum', 'eq', 'ne', 'lt', 'le', 'gt', 'ge']
        .concat(['atan2', 'rsub', 'logicalAnd', 'logicalOr', 'logicalXor', 'floorDivide', 'remainder'])
        .map((name) => [name, pair]),
    ),
    ...Object.fromEntries(
      ['sum', 'mean', 'amax', 'amin', 'argmax', 'argmin', 'logsumexp', 'any', 'all'].map((name) => [
        name,
        reduction,
      ]),
    ),
    elu: { args: () => [x(), 1], required: 1 },
    hardswish: one,
    prelu: { args: () => [x(), tensor([0.5], { device })] },
    embedding: { args: () => [labels(), x(), 0], required: 2 },
    groupNorm: { args: () => [x(), 1, null, null, 1e-5], required: 2 },
    instanceNorm: { args: () => [batch(), {}], required: 1 },
    rmsNorm: { args: () => [x(), [2], null, 1e-5], required: 2 },
    conv1d: { args: () => [batch(), batch(), null, 1, 0, 1, 1], required: 2 },
    convTranspose2d: {
      args: () => [images(), tensor([[[[1]]]], { device }), null, 1, 0, 0, 1, 1],
      required: 2,
    },
    maxPool1d: { args: () => [batch(), 2, 2, 0, 1, false], required: 2 },
    dropout2d: { args: () => [images(), 0.5, true, {}], required: 1 },
    scaledDotProductAttention: { args: () => [x(), x(), x(), null, 0, true, {}], required: 3 },
    l1Loss: { args: () => [x(), x(), {}], required: 2 },
    smoothL1Loss: { args: () => [x(), x(), {}], required: 2 },
    huberLoss: { args: () => [x(), x(), {}], required: 2 },
    klDivLoss: { args: () => [x(), x(), {}], required: 2 },
    bceLoss: { args: () => [x(), x(), null, {}], required: 2 },
    bmm: { args: () => [batch(), batch()] },
    einsum: { args: () => ['ij,jk->ik', x(), x()] },
    interpolate: { args: () => [images(), 8, null, 'bilinear', true], required: 1 },
    maskedFill: { args: () => [x(), condition(), 1], anyNumber: [2] },
    tril: { args: () => [x(), 0], required: 1 },
    triu: { args: () => [x(), 0], required: 1 },
    norm: { args: () => [x(), 2, 0, true], required: 1 },
    split: { args: () => [x(), 1, 0], required: 2 },
    chunk: { args: () => [x(), 2, 0], required: 2 },
    unbind: { args: () => [x(), 0], required: 1 },
    repeat: { args: () => [x(), [2, 2]] },
    tile: { args: () => [x(), [2, 2]] },
    repeatInterleave: { args: () => [x(), 2, 0], required: 2 },
    roll: { args: () => [x(), 1, 0], required: 2 },
    diagonal: { args: () => [x(), 0, 0, 1], required: 1 },
    meshgrid: { args: () => [[labels(), labels()], 'xy'], required: 1 },
    at: { args: () => [x(), 0, null], required: 1 },
    bernoulli: { args: () => [x(), {}], required: 1 },
    max: { args: () => [x(), 0, true], required: 1 },
    min: { args: () => [x(), 0, true], required: 1 },
    nonzero: one,
    unique: { args: () => [x(), {}], required: 1 },
    unfold: { args: () => [x(), 0, 2, 1] },
    randperm: { args: () => [4, { device }], required: 1 },
    multinomial: { args: () => [x(), 1, true, {}], required: 2 },
    normal: { args: () => [x(), 1, null, { device }], required: 2, anyNumber: [0, 1] },
    maskedSelect: { args: () => [x(), condition()] },
    add_: { args: () => [still(), x().detach(), {}], required: 2, anyNumber: [1] },
    sub_: { args: () => [still(), x().detach(), {}], required: 2, anyNumber: [1] },
    mul_: { args: () => [still(), 2], anyNumber: [1] },
    div_: { args: () => [still(), 2], anyNumber: [1] },
    copy_: { args: () => [still(), x().detach()] },
    fill_: { args: () => [still(), 1], anyNumber: [1] },
    zero_: { args: () => [still()] },
    lerp_: { args: () => [still(), x().detach(), 0.5], anyNumber: [2] },
    oneHot: { args: () => [labels(), 2] },
    reluGradient: { args: () => [x(), x()], anyNumber: [1] },
    var: { args: () => [x(), 0, {}], required: 1 },
    std: { args: () => [x(), 0, {}], required: 1 },
    leakyRelu: { args: () => [x(), 0.1], required: 1 },
    gelu: { args: () => [x(), 'tanh'], required: 1 },
    softplus: { args: () => [x(), 1, 20], required: 1 },
    clamp: { args: () => [x(), 0, 1], required: 1 },
    cumsum: { args: () => [x(), 1] },
    cumprod: { args: () => [x(), 1] },
    prod: reduction,
    sort: { args: () => [x(), 0, true], required: 1 },
    argsort: { args: () => [x(), 0, true], required: 1 },
    topk: { args: () => [x(), 1, 0, true], required: 2 },
    softmax: { args: () => [x(), 1] },
    logSoftmax: { args: () => [x(), 1] },
    adaptiveAvgPool2d: { args: () => [images(), 1], nullable: [1] },
    avgPool2d: { args: () => [images(), 2, 2, 0, false, true, 3], required: 2, anyNumber: [] },
    maxPool2d: { args: () => [images(), 2, 2, 0, 1, false], required: 2 },
    batchNorm: {
      args: () => [x(), null, null, null, null, true, 0.1, 1e-5],
      required: 3,
      nullable: [1, 2],
    },
    layerNorm: { args: () => [x(), [2], null, null, 1e-5], required: 2 },
    binaryCrossEntropyWithLogits: { args: () => [x(), x(), null], required: 2 },
    crossEntropy: { ...classes, args: () => [x(), labels(), null], required: 2 },
    nllLoss: { args: () => [x(), labels(), null], required: 2 },
    mseLoss: { args: () => [x(), x(), {}], required: 2 },
    conv2d: {
      args: () => [images(), tensor([[[[1]]]], { device }), tensor([1], { device }), 1, 0, 1, 1],
      required: 2,
    },
    linear: { args: () => [x(), x(), null, {}], required: 2 },
    matmul: { args: () => [x(), x()] },
    dropout: { args: () => [x(), 0.5, true, {}], required: 1 },
    gather: { args: () => [x(), 0, index()] },
    indexSelect: { args: () => [x(), 0, labels()] },
    scatterAdd: { args: () => [x(), 0, index(), x()] },
    scatter: { args: () => [x(), 0, index(), x()], anyNumber: [3] },
    scatterReduce: { args: () => [x(), 0, index(), x(), 'amax', false], required: 5 },
    indexPut: { args: () => [x(), [labels()], 1, true], required: 3, anyNumber: [2] },
    pad: { args: () => [x(), [1, 1], 'constant', 0], required: 2, anyNumber: [3] },
    slice: { args: () => [x(), [0, 1], null], required: 1 },
    to: { args: () => [x(), 'int32'] },
    reshape: list,
    view: list,
    expand: list,
    sumToSize: list,
    permute: dims,
    flip: dims,
    flatten: { args: () => [x(), 0, 1], required: 1 },
    squeeze: { args: () => [x(), 0], required: 1 },
    unsqueeze: { args: () => [x(), 0] },
    transpose: { args: () => [x(), 0, 1] },
    where: { args: () => [condition(), x(), x()], anyNumber: [1, 2] },
    cat: { args: () => [[x(), x()], 0], required: 1 },
    stack: { args: () => [[x(), x()], 0], required: 1 },
    toDevice: { args: () => [x(), device] },

    tensor: { args: () => [1, { device }], required: 1, anyNumber: [0] },
    full: { args: () => [[2], 1, { device }], required: 2, anyNumber: [1] },
    zeros: sizes,
    ones: sizes,
    rand: sizes,
    randn: sizes,
    randint: { args: () => [0, 2, [2], { device }], required: 3 },
    zerosLike: { args: () => [x(), {}], required: 1 },
    onesLike: { args: () => [x(), {}], required: 1 },
    eye: { args: () => [2, 3, { device }], required: 1 },
    arange: { args: () => [0, 4, 1, { device }], required: 1 },
    linspace: { args: () => [0, 1, 3, { device }], required: 3 },
    manualSeed: { args: () => [1] },

    scope: { args: () => [() => 1], anyFunction: [0] },
    noGrad: { args: () => [() => 1], anyFunction: [0] },
    autocast: { args: () => ['float32', () => 1], anyFunction: [1] },
    capture: { args: () => [() => undefined, { device }], required: 1, anyFunction: [0] },
    backward: { args: () => [scalar(), null, true, false], required: 1 },
    grad: {
      args: () => {
        const leaf = x();
        return [leaf.square().sum(), [leaf], null, false, false];
      },
      required: 2,
    },
    gradcheck: {
      args: () => [
        (each: ReturnType<typeof tensor>) => each.square(),
        [randn([2], { dtype: 'float64', device, requiresGrad: true })],
        1e-4,
        1e-3,
        1e-3,
      ],
      required: 2,
    },
    gradgradcheck: {
      args: () => [
        (each: ReturnType<typeof tensor>) => each.pow(3),
        [randn([2], { dtype: 'float64', device, requiresGrad: true })],
        1e-4,
        1e-3,
        1e-3,
      ],
      required: 2,
    },
    profile: { args: () => [device], nullable: [0], required: 0 },
    init: { args: () => ['cpu', {}], required: 0 },
    open: { args: () => ['cpu', {}], required: 1 },
    setDefaultDevice: { args: () => [device], nullable: [0] },
    defaultDevice: { args: () => [] },
    saveSafetensors: { first: '{}', args: () => [{ x: x() }, {}], required: 1 },
    loadSafetensors: { args: () => [new Uint8Array([2, 0, 0, 0, 0, 0, 0, 0, 123, 125]), {}], required: 1 },
    saveSafetensorsFile: {
      first: "'3'",
      args: () => ['/nowhere/x.safetensors', { x: x() }, {}],
      required: 2,
    },
    loadSafetensorsFile: { first: "'3'", args: () => ['/nowhere/x.safetensors', {}], required: 1 },
    summary: { args: () => [layer(), [1, 2], {}], required: 2 },
    // It passes all other arguments on.
    checkpoint: { args: () => [square, x()] },
    detectAnomaly: { args: () => [() => 1], anyFunction: [0] },
    jacobian: { args: () => [(each: ReturnType<typeof tensor>) => each.square(), x()] },
    hessian: { args: () => [(each: ReturnType<typeof tensor>) => each.square().sum(), x()] },
    vjp: { args: () => [(each: ReturnType<typeof tensor>) => each.square(), x(), still()] },
    jvp: { args: () => [(each: ReturnType<typeof tensor>) => each.square(), x(), still()] },
    registerHook: { args: () => [x(), () => undefined], anyFunction: [1] },
    clipGradValue: { args: () => [[x()], 1] },
    clipGradNorm: { args: () => [[x()], 1, 2], required: 2 },
  };

  const gain: Example = { args: () => [[2, 2], 1, { device }], required: 1 };
  const kaiming: Example = { args: () => [[2, 2], 0, 'fanIn', 'relu', { device }], required: 1 };
  const init: Examples = {
    zeros: sizes,
    ones: sizes,
    fans: { args: () => [[2, 2]] },
    calculateGain: { args: () => ['relu', 0.1], required: 1 },
    kaimingUniform: kaiming,
    kaimingNormal: kaiming,
    xavierUniform: gain,
    xavierNormal: gain,
    orthogonal: gain,
    uniform: { args: () => [[2], 0, 1, { device }], required: 1 },
    normal: { args: () => [[2], 0, 1, { device }], required: 1 },
    constant: { args: () => [[2], 1, { device }], required: 2, anyNumber: [1] },
  };

  const none: Example = { args: () => [] };
  const modules: Examples = {
    ReLU: none,
    Sigmoid: none,
    SiLU: none,
    Tanh: none,
    LeakyReLU: { args: () => [0.1], required: 0 },
    GELU: { args: () => ['tanh'], required: 0 },
    Hardswish: none,
    Identity: none,
    ELU: { args: () => [1], required: 0 },
    Softplus: { args: () => [1, 20], required: 0 },
    PReLU: { args: () => [1, 0.25, { device }], required: 0 },
    Softmax: { args: () => [1] },
    LogSoftmax: { args: () => [1] },
    Embedding: { args: () => [3, 2, 0, { device }], required: 2 },
    Conv1d: { args: () => [1, 2, 3, 1, 0, 1, 1, true, 'circular', { device }], required: 3 },
    ConvTranspose2d: { args: () => [1, 2, 3, 1, 0, 0, 1, true, 1, { device }], required: 3 },
    BatchNorm1d: { args: () => [2, 1e-5, 0.1, true, true, { device }], required: 1 },
    GroupNorm: { args: () => [1, 2, 1e-5, true, { device }], required: 2 },
    InstanceNorm2d: { args: () => [2, 1e-5, { device }], required: 1 },
    RMSNorm: { args: () => [[2], 1e-5, true, { device }], required: 1 },
    MaxPool1d: { args: () => [2, 2, 0, 1, {}], required: 1 },
    Dropout2d: { args: () => [0.5], required: 0 },
    Upsample: { args: () => [2, null, 'nearest', true], required: 0 },
    LSTM: { args: () => [2, 3, 1, true, false, 0, false, { device }], required: 2 },
    GRU: { args: () => [2, 3, 1, true, false, 0, false, { device }], required: 2 },
    MultiheadAttention: { args: () => [4, 2, 0, true, { device }], required: 2 },
    TransformerEncoderLayer: {
      args: () => [4, 2, 8, 0.1, 'gelu', 1e-5, false, true, { device }],
      required: 2,
    },
    BCELoss: { args: () => [null, {}], required: 0 },
    HuberLoss: { args: () => [{}], required: 0 },
    KLDivLoss: { args: () => [{}], required: 0 },
    L1Loss: { args: () => [{}], required: 0 },
    SmoothL1Loss: { args: () => [{}], required: 0 },
    Linear: { args: () => [2, 3, true, { device }], required: 2 },
    Conv2d: { args: () => [1, 2, 3, 1, 0, 1, 1, true, 'reflect', { device }], required: 3 },
    BatchNorm2d: { args: () => [2, 1e-5, 0.1, true, true, { device }], required: 1 },
    LayerNorm: { args: () => [[2], 1e-5, true, true, { device }], required: 1 },
    Dropout: { args: () => [0.5], required: 0 },
    Flatten: { args: () => [1, -1], required: 0 },
    MaxPool2d: { args: () => [2, 2, 0, 1, false, false], required: 1 },
    AvgPool2d: { args: () => [2, 2, 0, false, true, 3], required: 1 },
    AdaptiveAvgPool2d: { args: () => [1], nullable: [0] },
    Sequential: { args: () => [layer(), layer()] },
    ModuleList: { args: () => [[layer()]], required: 0 },
    ModuleDict: { args: () => [{ a: layer() }], required: 0 },
    ParameterList: { args: () => [[x()]], required: 0 },
    Parameter: { args: () => [x(), {}], required: 1 },
    CrossEntropyLoss: { args: () => [null, {}], required: 0 },
    NLLLoss: { args: () => [null, {}], required: 0 },
    BCEWithLogitsLoss: { args: () => [null, {}], required: 0 },
    MSELoss: { args: () => [{}], required: 0 },
  };

  const parameters = () => layer().parameters();
  const optimizer = () => new optim.SGD(parameters(), { lr: 0.1, momentum: 0.9 });
  const adam: Example = { args: () => [parameters(), 0.1, [0.9, 0.99], 1e-8, 0, false, {}], required: 1 };
  const optimizers: Examples = {
    SGD: { args: () => [parameters(), 0.1, 0.9, 0, 0, false, {}], required: 1 },
    Adam: adam,
    AdamW: adam,
    Adagrad: { args: () => [parameters(), 0.1, 0, 0, 0, 1e-8, {}], required: 1 },
    NAdam: { args: () => [parameters(), 0.1, [0.9, 0.99], 1e-8, 0, 0.1, {}], required: 1 },
    RAdam: { args: () => [parameters(), 0.1, [0.9, 0.99], 1e-8, 0, {}], required: 1 },
    Lion: { args: () => [parameters(), 0.1, [0.9, 0.99], 0, {}], required: 1 },
    RMSprop: { args: () => [parameters(), 0.1, 0.9, 1e-8, 0, 0, false, {}], required: 1 },
    AveragedModel: { args: () => [layer(), {}], required: 1 },
    GradScaler: { args: () => [{ device }], required: 0 },
  };
  const schedules: Examples = {
    MultiStepLR: { args: () => [optimizer(), [2], 0.1, -1], required: 2 },
    LambdaLR: { args: () => [optimizer(), () => 1, -1], required: 2 },
    CosineAnnealingWarmRestarts: { args: () => [optimizer(), 10, 1, 0, -1], required: 2 },
    SequentialLR: {
      args: () => {
        const own = optimizer();
        const { StepLR } = optim.lrScheduler;
        return [own, [new StepLR(own, 2), new StepLR(own, 2)], [3]];
      },
    },
    StepLR: { args: () => [optimizer(), 2, 0.1, -1], required: 2 },
    ExponentialLR: { args: () => [optimizer(), 0.9, -1], required: 2 },
    CosineAnnealingLR: { args: () => [optimizer(), 10, 0, -1], required: 2 },
    LinearLR: { args: () => [optimizer(), 0.5, 1, 5, -1], required: 1 },
    OneCycleLR: { args: () => [optimizer(), 0.1, 10], required: 2 },
    ReduceLROnPlateau: { args: () => [optimizer(), 'min', 0.1, 10, 1e-4, 'rel', 0, 0, 1e-8], required: 1 },
  };
  return { library, init, modules, optimizers, schedules };
}
