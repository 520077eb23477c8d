/** A classifier's run: everything needed to repeat it, as `config.json` in the run's folder holds it. */
import * as z from 'zod/mini'
import { dropPathKeep } from '../../../models/nasnet-config.js'
import { number, rule, text, validate, wholeNumber } from '../../shared/validation.js'
import {
  accumulate,
  freeze,
  imageFields,
  keepFields,
  model,
  refuseMissingCells,
  trainingFields,
} from '../settings/config.js'

const imported = z.strictObject({
  /** Whose names the file had. */
  program: z.enum(['slim', 'keras', 'timm', 'toolkit']),
  file: text(),
  /** Whether moving averages of the weights were taken. */
  averages: z.boolean(),
})

/** How classes with many images and with few are balanced. */
export const BALANCES = ['class-weights', 'sampling'] as const

/** For configs that hold a classifier's. */
export const runConfig = z
  .strictObject({
    /** What is trained; a config without it is of the time when there were classifiers alone. */
    task: z._default(z.literal('classification'), 'classification'),
    ...imageFields,
    model,
    ...trainingFields,
    /** See there; by default 1. */
    accumulate: z.optional(accumulate),
    /** ScheduledDropPath's keep probability for the last cell at the end of training, in (0, 1]; 1: off. */
    dropPathKeep,
    /** Weight of the auxiliary head's loss; 0: no auxiliary head. */
    auxiliaryWeight: number({ from: 0 }),
    labelSmoothing: number({ from: 0, below: 1 }),
    /** Epochs between evaluations on the validation images; the last epoch is always evaluated. */
    evaluateEvery: wholeNumber(1),
    /** Where a new run takes its first weights from: a run's folder or a file of weights. */
    init: z.optional(text()),
    /** Of a run that was not trained here: its checkpoint holds the weights of another program, without an optimizer's state. */
    imported: z.optional(imported),
    /** Scored by accuracy. */
    ...keepFields,
    /** Keeps weights of `init`. */
    freeze,
    /** Factor of the learning rate from each cell to the one before it, from the head on; missing: 1. */
    layerDecay: z.optional(number({ above: 0, to: 1 })),
    /** α of mixup and of CutMix; 0 or missing: off. With both, each batch takes one of them. */
    mixup: z.optional(number({ from: 0 })),
    cutmix: z.optional(number({ from: 0 })),
    balance: z.optional(z.nullable(z.enum(BALANCES))),
  })
  .check(
    rule(({ freeze, init, model }, refuse) => {
      if (freeze === undefined) return
      if (init === undefined) refuse(['freeze'], 'keeps trained weights, which --init must name')
      refuseMissingCells(freeze, model, refuse)
    }),
    rule(({ resolution, auxiliaryWeight }, refuse) => {
      let last = 0
      for (const [index, { untilEpoch }] of resolution.entries()) {
        if (untilEpoch <= last)
          refuse(['resolution', index, 'untilEpoch'], `is ${untilEpoch}, but must be above ${last}`)
        last = untilEpoch
      }
      if (resolution.length > 0 && auxiliaryWeight > 0)
        refuse(
          ['resolution'],
          `and "auxiliaryWeight" exclude each other: the auxiliary head's full-size convolution fits one image size; set the second to 0 or leave the first empty`,
        )
    }),
  )

export type RunConfig = z.infer<typeof runConfig>

/** Whether the labels of a step come in pairs: of mixed images, and with weights of classes. */
export const hasPairs = ({
  mixup = 0,
  cutmix = 0,
  balance,
}: Pick<RunConfig, 'mixup' | 'cutmix' | 'balance'>): boolean =>
  mixup > 0 || cutmix > 0 || balance === 'class-weights'

/** Checks a config, for example one read from `config.json`. Throws a `UserError` that names the field, below `field`. */
export function validateConfig(value: unknown, field?: string): RunConfig {
  return validate(runConfig, value, { field })
}
