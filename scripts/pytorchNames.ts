/**
 * PyTorch's names, and whether wgrad has them. A name is the same in camelCase, unless `pytorch=wgrad` says otherwise. The
 * test of the table fails when a name does not exist, or when one that is missing does.
 */
export interface NameGroup {
  readonly title: string;
  /** What precedes PyTorch's names, and ours. */
  readonly prefix: readonly [pytorch: string, wgrad: string];
  readonly names: string;
  readonly missing: string;
}

const torch = ['', ''] as const;

export const nameGroups: readonly NameGroup[] = [
  {
    title: 'Creation and random numbers',
    prefix: torch,
    names: `arange bernoulli eye full linspace manual_seed=manualSeed multinomial normal ones ones_like rand randint randn
      randperm tensor zeros zeros_like`,
    missing: 'empty full_like logspace rand_like randn_like',
  },
  {
    title: 'Element by element',
    prefix: torch,
    names: `abs add atan2 ceil clamp cos div eq erf exp expm1 floor floor_divide ge gt isfinite isinf isnan le log log1p log2
      logical_and logical_not logical_or logical_xor lt maximum minimum mul ne neg pow reciprocal relu remainder round
      rsqrt rsub sigmoid sign sin sqrt square sub tanh trunc where`,
    missing: `acos allclose asin atan bitwise_and bitwise_or bitwise_not cosh digamma equal fmod frac hypot isclose lgamma
      log10 logit nan_to_num sinh tan`,
  },
  {
    title: 'Over dims',
    prefix: torch,
    names: `all amax amin any argmax argmin argsort cumprod cumsum log_softmax logsumexp max mean min norm prod softmax sort
      std sum topk unique var`,
    missing: `bincount bucketize count_nonzero cummax cummin histc kthvalue logcumsumexp median mode nansum quantile
      searchsorted unique_consecutive`,
  },
  {
    title: 'Shapes and parts',
    prefix: torch,
    names: `cat chunk clone contiguous detach diagonal expand flatten flip is_contiguous meshgrid numel permute repeat
      repeat_interleave reshape roll size split squeeze stack t tile transpose tril triu unbind unfold unsqueeze view`,
    missing: `broadcast_tensors cartesian_prod diag hstack kron movedim narrow rot90 select swapaxes trace unflatten vstack`,
  },
  {
    title: 'Indices',
    prefix: torch,
    names: `gather index_put index_select masked_fill masked_select nonzero scatter scatter_add scatter_reduce`,
    missing: 'index_add index_copy index_fill masked_scatter take take_along_dim',
  },
  {
    title: 'Products',
    prefix: torch,
    names: 'bmm einsum matmul',
    missing: `addmm baddbmm cdist cross dot fft linalg.cholesky linalg.inv linalg.qr linalg.solve linalg.svd mm mv outer
      tensordot`,
  },
  {
    title: 'In place',
    prefix: ['Tensor.', ''],
    names: 'add_ copy_ div_ fill_ lerp_ mul_ sub_ zero_',
    missing: 'clamp_ exp_ index_put_ masked_fill_ normal_ scatter_ sqrt_ uniform_',
  },
  {
    title: 'Values, devices and gradients',
    prefix: torch,
    names: `Tensor.backward=backward Tensor.cpu=toDevice Tensor.item=item Tensor.numpy=data Tensor.to=to Tensor.tolist=toArray
      autocast autograd.grad=grad compile=capture no_grad`,
    missing: 'complex int64 sparse_coo_tensor',
  },
  {
    title: 'Functions of gradients, averages and clipping',
    prefix: torch,
    names: `autograd.Function=autograd.Function autograd.detect_anomaly=autograd.detectAnomaly
      utils.checkpoint.checkpoint=autograd.checkpoint autograd.functional.hessian=autograd.hessian
      autograd.functional.jacobian=autograd.jacobian autograd.functional.jvp=autograd.jvp
      autograd.functional.vjp=autograd.vjp nn.utils.clip_grad_norm_=optim.clipGradNorm
      nn.utils.clip_grad_value_=optim.clipGradValue optim.swa_utils.AveragedModel=optim.AveragedModel`,
    missing: 'autograd.functional.hvp autograd.functional.vhp utils.checkpoint.checkpoint_sequential',
  },
  {
    title: 'Modules',
    prefix: ['nn.', 'nn.'],
    names: `AdaptiveAvgPool2d AvgPool2d BCELoss BCEWithLogitsLoss BatchNorm1d BatchNorm2d Conv1d Conv2d ConvTranspose2d
      CrossEntropyLoss Dropout Dropout2d ELU Embedding Flatten GELU GRU GroupNorm Hardswish HuberLoss Identity
      InstanceNorm2d KLDivLoss L1Loss LSTM LayerNorm LeakyReLU Linear LogSoftmax MSELoss MaxPool1d MaxPool2d Module
      ModuleDict ModuleList MultiheadAttention NLLLoss PReLU Parameter ParameterList RMSNorm ReLU Sequential SiLU Sigmoid
      SmoothL1Loss Softmax Softplus Tanh TransformerEncoderLayer Upsample`,
    missing: `AdaptiveMaxPool2d AvgPool1d BatchNorm3d Bilinear CTCLoss Conv3d ConvTranspose1d CosineSimilarity EmbeddingBag
      Fold GLU Hardsigmoid Hardtanh MaxPool3d Mish PixelShuffle RNN ReLU6 SELU Transformer TransformerDecoderLayer
      TripletMarginLoss Unflatten Unfold ZeroPad2d`,
  },
  {
    title: 'Functions',
    prefix: ['F.', 'nn.functional.'],
    names: `adaptive_avg_pool2d avg_pool2d batch_norm binary_cross_entropy=bceLoss
      binary_cross_entropy_with_logits conv1d conv2d conv_transpose2d cross_entropy dropout dropout2d elu embedding gelu
      group_norm hardswish huber_loss instance_norm interpolate kl_div=klDivLoss l1_loss layer_norm leaky_relu linear
      log_softmax max_pool1d max_pool2d mse_loss nll_loss one_hot pad prelu relu rms_norm
      scaled_dot_product_attention sigmoid silu smooth_l1_loss softmax softplus tanh`,
    missing: `affine_grid cosine_similarity ctc_loss fold glu grid_sample gumbel_softmax hardsigmoid hardtanh mish normalize
      pixel_shuffle relu6 selu triplet_margin_loss unfold`,
  },
  {
    title: 'Initialisation',
    prefix: ['nn.init.', 'nn.init.'],
    names: `calculate_gain constant_=constant kaiming_normal_=kaimingNormal kaiming_uniform_=kaimingUniform normal_=normal
      ones_=ones orthogonal_=orthogonal uniform_=uniform xavier_normal_=xavierNormal xavier_uniform_=xavierUniform
      zeros_=zeros`,
    missing: 'dirac_ eye_ sparse_ trunc_normal_',
  },
  {
    title: 'Optimizers',
    prefix: ['optim.', 'optim.'],
    names: 'Adagrad Adam AdamW NAdam RAdam RMSprop SGD',
    missing: 'Adadelta Adamax ASGD LBFGS Rprop SparseAdam',
  },
  {
    title: 'Schedules',
    prefix: ['lr_scheduler.', 'optim.lrScheduler.'],
    names: `CosineAnnealingLR CosineAnnealingWarmRestarts ExponentialLR LambdaLR LinearLR MultiStepLR OneCycleLR
      ReduceLROnPlateau SequentialLR StepLR`,
    missing: 'CyclicLR MultiplicativeLR PolynomialLR',
  },
];

/** A name of PyTorch's, and ours. */
export function pairsOf({ names, prefix: [theirs, ours] }: NameGroup): [pytorch: string, wgrad: string][] {
  return words(names).map((entry) => {
    const [name = '', renamed] = entry.split('=');
    return [theirs + name, ours + (renamed ?? camelCase(name))];
  });
}

/** Names that are missing, and what they would be called here. */
export function missingOf({ missing, prefix: [theirs, ours] }: NameGroup): [string, string][] {
  return words(missing).map((name) => [theirs + name, ours + camelCase(name)]);
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** `log_softmax` as `logSoftmax`; a final underscore stays. */
function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** The tables of docs/guide/pytorch.md, as Prettier formats them. */
export function nameTables(): string {
  return nameGroups
    .map((group) => {
      const code = (name: string): string => `\`${name}\``;
      const rows = [
        ['PyTorch', 'wgrad'],
        ...pairsOf(group).map((pair) => pair.map(code)),
        [
          missingOf(group)
            .map(([name]) => code(name))
            .join(', '),
          'missing',
        ],
      ] as [string, string][];
      const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
      const line = (cells: readonly string[], fill: string): string =>
        `| ${cells.map((cell, column) => cell.padEnd(widths[column]!, fill)).join(' | ')} |\n`;
      const [head, ...others] = rows as [[string, string], ...[string, string][]];
      return `### ${group.title}\n\n${line(head, ' ')}${line(['', ''], '-')}${others.map((row) => line(row, ' ')).join('')}`;
    })
    .join('\n');
}

const [START, END] = ['<!-- names -->\n', '<!-- end of names -->\n'];

/** The page with its tables as they are now. */
export function withTables(page: string): string {
  const [before, rest] = page.split(START) as [string, string];
  return `${before}${START}\n${nameTables()}\n${END}${rest.split(END)[1]!}`;
}
