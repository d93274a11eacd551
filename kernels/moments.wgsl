// moments: one step of an optimizer that scales by moments of the gradient, over flat parameters.
//
//   g = sign · gradients + weightDecay · p                         (sign: 1, or -1 to maximise)
//   m = m + (1 - beta1) · (g - m),   v = beta2 · v + (1 - beta2) · g²
//   p = shrink · p - lr · d
//
// FORM chooses d. After t steps, with c₁ = 1 - beta1^t and c₂ = 1 - beta2^t:
//
//   AMSGRAD  w = max(w, v),   d = m / c₁ / (√w / √c₂ + eps)
//   NADAM    w = w · μ(t),    d = ((1 - μ(t)) / (1 - w) · g + μ(t + 1) / (1 - w · μ(t + 1)) · m) / (√v / √c₂ + eps)
//            μ(t) = beta1 · (1 - exp(t · decay) / 2)
//   RADAM    d = m / c₁, and if ρ > 5, times √c₂ / (√v + eps) · √((ρ-4) / (ρ∞-4) · (ρ-2) / (ρ∞-2) · ρ∞ / ρ)
//            ρ = ρ∞ - 2 t · beta2^t / c₂,   ρ∞ = 2 / (1 - beta2) - 1
//   ADAGRAD  v = v + g²,      d = g / (√v + eps) / (1 + (t - 1) · decay)
//   LION     d = sign(m),     and after it from the old m: m = m + (1 - beta2) · (g - m)
//
// Shapes     parameters, gradients, mean (m), variance (v), third (w): `size` elements from `offset`. ADAGRAD has no mean,
//            LION no variance, and only AMSGRAD and NADAM have a third.
// Launch     a grid of any size in x: each invocation handles elements one grid width apart.
// Numerics   with u = -t · log(beta2), ρ = rho + 2 / -log(beta2) · (1 - u / (eᵘ - 1)). The host computes `rho`, what is
//            left of two large numbers, in float64. Without gradients, m, v and NADAM's w decay to 0,
//            past the subnormal numbers: see adam.wgsl.
// Guard      with GUARDED the step is skipped if counts[0] is not 0, because a gradient is not finite. `counts` belongs
//            to a GradScaler; counts[2] is the number of skipped steps, which t leaves out; it is at least 1, as in
//            adam.wgsl. Without GUARDED, `counts` is bound, but not read.
// Source     Reddi, Kale, Kumar: On the convergence of Adam and beyond (2018); Dozat: Incorporating Nesterov momentum into
//            Adam (2016); Liu et al.: On the variance of the adaptive learning rate and beyond (2020); Duchi, Hazan, Singer:
//            Adaptive subgradient methods (2011); Chen et al.: Symbolic discovery of optimization algorithms (2023).

struct Params {
  size: u32,
  offset: u32,
  sign: f32,
  lr: f32,
  oneMinusBeta1: f32,
  beta2: f32,
  oneMinusBeta2: f32,
  eps: f32,
  weightDecay: f32,
  shrink: f32,
  step: f32,
  logBeta1: f32,
  logBeta2: f32,
  decay: f32,
  rho: f32,
}

@group(0) @binding(0) var<storage, read> gradients: array<f32>;
@group(0) @binding(1) var<storage, read_write> parameters: array<f32>;
@group(0) @binding(2) var<storage, read_write> mean: array<f32>;
@group(0) @binding(3) var<storage, read_write> variance: array<f32>;
@group(0) @binding(4) var<storage, read_write> third: array<f32>;
@group(0) @binding(5) var<storage, read> counts: array<i32>;
@group(0) @binding(6) var<uniform> params: Params;

override WORKGROUP: u32 = 256u;
override GUARDED: bool = false;
override FORM: u32 = 0u;

const AMSGRAD = 0u;
const NADAM = 1u;
const RADAM = 2u;
const ADAGRAD = 3u;
const LION = 4u;

// 1 - exp(x) for x ≤ 0, accurate even if exp(x) is close to 1 and the difference would cancel.
fn oneMinusExp(x: f32) -> f32 {
  let series = -x * (1.0 + x / 2.0 * (1.0 + x / 3.0 * (1.0 + x / 4.0 * (1.0 + x / 5.0 * (1.0 + x / 6.0)))));
  return select(1.0 - exp(x), series, x > -0.25);
}

// 1 - u / (exp(u) - 1) for u > 0.
fn warmth(u: f32) -> f32 {
  let square = u * u;
  let series = u * (0.5 - u / 12.0 * (1.0 - square / 60.0 * (1.0 - square / 42.0 * (1.0 - square / 40.0))));
  return select(1.0 - u * exp(-u) / oneMinusExp(-u), series, u < 0.5);
}

// RADAM's factor of 1 / (√v + eps), or 0 as long as the variance is not known well enough.
fn rectified(taken: f32) -> f32 {
  let u = -taken * params.logBeta2;
  let all = 2.0 / params.oneMinusBeta2 - 1.0;
  let rho = params.rho - 2.0 / params.logBeta2 * warmth(u);
  if (rho <= 5.0) {
    return 0.0;
  }
  return sqrt(oneMinusExp(-u) * ((rho - 4.0) / (all - 4.0)) * ((rho - 2.0) / (all - 2.0)) * (all / rho));
}

fn nesterov(taken: f32) -> f32 {
  return (1.0 - params.oneMinusBeta1) * (1.0 - 0.5 * exp(taken * params.decay));
}

// Unlike that of WGSL, it passes NaN on. The test reads the bits, because a compiler may assume that there is none.
fn signOf(value: f32) -> f32 {
  return select(sign(value), value, (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  if (GUARDED && counts[0] != 0) {
    return;
  }
  var taken = params.step;
  if (GUARDED) {
    taken = max(taken - f32(counts[2]), 1.0);
  }
  let correction = oneMinusExp(taken * params.logBeta1);
  let root = sqrt(oneMinusExp(taken * params.logBeta2));
  let now = nesterov(taken);
  let next = nesterov(taken + 1.0);
  let rectification = rectified(taken);
  let rate = 1.0 / (1.0 + (taken - 1.0) * params.decay);
  for (var element = id.x; element < params.size; element += grid.x * WORKGROUP) {
    let at = params.offset + element;
    let parameter = parameters[at];
    // Without weight decay, an infinite parameter stays: 0 times it would be NaN.
    let decay = select(params.weightDecay * parameter, 0.0, params.weightDecay == 0.0);
    let gradient = params.sign * gradients[at] + decay;
    var m = 0.0;
    if (FORM != ADAGRAD) {
      let before = mean[at];
      m = before + params.oneMinusBeta1 * (gradient - before);
      mean[at] = select(m, before + params.oneMinusBeta2 * (gradient - before), FORM == LION);
    }
    var v = 0.0;
    if (FORM != LION) {
      v = params.beta2 * variance[at] + params.oneMinusBeta2 * gradient * gradient;
      variance[at] = v;
    }
    var d = 0.0;
    switch FORM {
      case AMSGRAD: {
        let w = max(third[at], v);
        third[at] = w;
        d = m / correction / (sqrt(w) / root + params.eps);
      }
      case NADAM: {
        let w = third[at] * now;
        third[at] = w;
        d = ((1.0 - now) / (1.0 - w) * gradient + next / (1.0 - w * next) * m) / (sqrt(v) / root + params.eps);
      }
      case RADAM: {
        d = m / correction;
        if (rectification > 0.0) {
          d *= rectification / (sqrt(v) + params.eps);
        }
      }
      case ADAGRAD: {
        d = rate * gradient / (sqrt(v) + params.eps);
      }
      default: {
        d = signOf(m);
      }
    }
    parameters[at] = params.shrink * parameter - params.lr * d;
  }
}
