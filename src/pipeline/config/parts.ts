import { z } from 'zod';

/** A schema for each key of an interface: a key that only one of them has is a compile error. */
export type Shape<T> = { [K in keyof T]-?: z.ZodType<T[K]> };

/** 0 ≤ x ≤ 1. */
export const share: z.ZodNumber = z.number().min(0).max(1);
/** 0 ≤ x < 1. */
export const fraction: z.ZodNumber = z.number().min(0).lt(1);
/** x ≥ 0. */
export const nonNegative: z.ZodNumber = z.number().min(0);
/** A whole number ≥ 1. */
export const count: z.ZodNumber = z.int().min(1);
