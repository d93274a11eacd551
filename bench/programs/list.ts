import { cnn } from './cnn.ts';
import { contrastive } from './contrastive.ts';
import { dcgan } from './dcgan.ts';
import { gpt } from './gpt.ts';
import { lstm } from './lstm.ts';
import type { Program } from './program.ts';
import { resnet } from './resnet.ts';
import { style } from './style.ts';
import { unet } from './unet.ts';
import { vae } from './vae.ts';
import { wgan } from './wgan.ts';

/** All programs by name. Each has a twin in Python of that name. */
export const PROGRAMS: Readonly<Record<string, () => Program>> = {
  cnn,
  contrastive,
  dcgan,
  gpt,
  lstm,
  resnet,
  style,
  unet,
  vae,
  wgan,
};
