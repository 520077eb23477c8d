/** Which candidate is which object: torchvision's Matcher, crowds worked by hand, and the draw's properties. */
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import fc from 'fast-check'
import {
  CROWD,
  type MatchSettings,
  matchBoxes,
  NO_OBJECT,
  random,
  sampleBalanced,
} from '../../models/index.js'
import { assertAnswers, expected, given, golden } from '../helpers/models/torchvision.js'

type Inputs = Record<string, tf.Tensor>
type Rows = number[][]

const NOTHING = NO_OBJECT

/** Positive, negative, and the object of each positive (0 elsewhere). */
function matches({ anchors, boxes, labels, eligible }: Inputs, settings: MatchSettings) {
  const truth = { boxes: boxes as tf.Tensor2D, labels: labels as tf.Tensor1D }
  const found = matchBoxes(anchors as tf.Tensor2D, truth, {
    ...settings,
    eligible: eligible as tf.Tensor1D | undefined,
  })
  const { positive, negative, matched } = found
  return { positive, negative, object: tf.mul(tf.cast(matched, 'float32'), positive) }
}

/** How an answer of torchvision's Matcher reads as ours: an index, −1 background, −2 neither. */
const masks = (matched: number[]) => ({
  positive: expected(matched.map((match) => (match >= 0 ? 1 : 0))),
  negative: expected(matched.map((match) => (match === -1 ? 1 : 0))),
  object: expected(matched.map((match) => Math.max(match, 0))),
})

const settings = { positiveIou: 0.7, negativeIou: 0.3, allowLowQualityMatches: true }

for (const [index, { anchors, truth, matched, positiveIou, negativeIou }] of golden.matching.entries())
  test(`anchors are matched as by torchvision’s Matcher, ${index + 1}; padding changes nothing`, async () => {
    const labels = truth.map((_, box) => box)
    // Padding that would be the best of boxes, if it were one.
    const padding = anchors.slice(0, 3)
    const answer = (inputs: Inputs) =>
      matches(inputs, { positiveIou, negativeIou, allowLowQualityMatches: true })
    for (const extra of [[], padding])
      await assertAnswers(
        `matching, ${extra.length} rows of padding`,
        answer,
        {
          anchors: given(anchors),
          boxes: given([...truth, ...extra]),
          labels: given([...labels, ...extra.map(() => NOTHING)], 'int32'),
        },
        masks(matched),
      )
  })

/** Four anchors of 10 × 10 in a row, 20 apart. */
const row: Rows = [0, 20, 40, 60].map((x) => [x, 0, x + 10, 10])

async function assertMatched(
  what: string,
  objects: { box: number[]; label: number }[],
  matched: number[],
  eligible?: number[],
  own: MatchSettings = settings,
): Promise<void> {
  await assertAnswers(
    what,
    (inputs) => matches(inputs, own),
    {
      anchors: given(row),
      boxes: given(objects.map(({ box }) => box)),
      labels: given(
        objects.map(({ label }) => label),
        'int32',
      ),
      ...(eligible && { eligible: given(eligible) }),
    },
    masks(matched),
  )
}

test('an anchor that lies for more than half in a crowd is not background; a crowd matches nothing', async () => {
  await assertMatched(
    'crowd',
    // All of the first anchor, exactly half of the second, 0.6 of the third, nothing of the fourth.
    [
      { box: [0, 0, 10, 10], label: CROWD },
      { box: [25, 0, 30, 30], label: CROWD },
      { box: [40, 4, 55, 30], label: CROWD },
    ],
    [-2, -1, -2, -1],
  )
})

test('an object in a crowd is still matched', async () => {
  await assertMatched(
    'object in a crowd',
    [
      { box: [-50, -50, 30, 30], label: CROWD },
      { box: [20, 0, 30, 10], label: 5 },
    ],
    [-2, 1, -1, -1],
  )
})

test('without objects every candidate is background', async () => {
  await assertMatched('no object', [{ box: [0, 0, 10, 10], label: NOTHING }], [-1, -1, -1, -1])
})

test('an object that no anchor touches takes none', async () => {
  await assertMatched('far away', [{ box: [200, 200, 230, 230], label: 0 }], [-1, -1, -1, -1])
})

test('an object’s best anchor is positive only where every object is to have one', async () => {
  const objects = [{ box: [20, 0, 30, 4], label: 0 }]
  await assertMatched('best', objects, [-1, 0, -1, -1])
  await assertMatched('not best', objects, [-1, -2, -1, -1], undefined, {
    ...settings,
    allowLowQualityMatches: false,
  })
})

test('candidates that are not eligible count for nothing, and leave an object its next best', async () => {
  const objects = [{ box: [0, 0, 24, 10], label: 0 }]
  await assertMatched('all eligible', objects, [0, -1, -1, -1])
  await assertMatched('first not', objects, [-2, 0, -1, -2], [0, 1, 1, 0])
})

const draw = ({ objects, backgrounds, noise }: Record<string, tf.Tensor1D>, count: number, share: number) =>
  sampleBalanced(
    { positive: objects, negative: backgrounds, matched: tf.zerosLike(objects) },
    noise,
    count,
    share,
  )

/** The definition, as loops: the highest noise first, positives up to their quota, negatives fill up. */
function drawnByHand(kinds: number[], noise: number[], count: number, share: number) {
  const ranked = (kind: number) =>
    kinds
      .map((_, i) => i)
      .filter((i) => kinds[i] === kind)
      .sort((a, b) => noise[b] - noise[a])
  const positives = ranked(1).slice(0, Math.max(1, Math.floor(count * share)))
  const negatives = ranked(-1).slice(0, Math.max(0, count - positives.length))
  const mask = (chosen: number[]) => expected(kinds.map((_, i) => (chosen.includes(i) ? 1 : 0)))
  return { positive: mask(positives), negative: mask(negatives) }
}

const kinds = (weights: [number, number, number]) =>
  fc
    .array(fc.integer({ min: 0, max: weights[0] + weights[1] + weights[2] - 1 }), {
      minLength: 40,
      maxLength: 40,
    })
    .map((draws) => draws.map((draw) => (draw < weights[0] ? 1 : draw < weights[0] + weights[1] ? -1 : 0)))

test('a draw takes the highest of each kind, within the positives’ share and the whole count', async () => {
  const some = fc.oneof(
    kinds([1, 3, 1]),
    kinds([3, 1, 1]),
    kinds([0, 1, 1]),
    kinds([1, 0, 1]),
    kinds([0, 0, 1]),
  )
  await fc.assert(
    fc.asyncProperty(
      some,
      fc.integer({ min: 1, max: 50 }),
      fc.constantFrom(0, 0.25, 0.5, 1),
      fc.integer(),
      async (kinds, count, share, seed) => {
        const { uniform } = random(seed, 'draw')
        const noise = kinds.map(() => uniform())
        await assertAnswers(
          `${count} with ${share} positive`,
          (inputs) => draw(inputs as Record<string, tf.Tensor1D>, count, share),
          {
            objects: given(kinds.map((kind) => (kind === 1 ? 1 : 0))),
            backgrounds: given(kinds.map((kind) => (kind === -1 ? 1 : 0))),
            noise: given(noise),
          },
          drawnByHand(kinds, noise, count, share),
          0,
        )
      },
    ),
    { numRuns: 30 },
  )
})
