#!/usr/bin/env node
/**
 * Draws what the page of a chain shows, as one picture for the README: `npm run build`, `npm start -- --once`, then
 * `node docs/pictures/draw-chain.mjs runs/start docs/chain.png`. Every part is the program's own drawing.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { openDetector } from '../../dist/serve/index.js'
import { ChainFolder, scenesPath } from '../../dist/src/chain/chain-folder.js'
import { figuresOf } from '../../dist/src/chain/figures.js'
import { STAGES } from '../../dist/src/chain/plan.js'
import { sentenceOf } from '../../dist/src/commands/start/show-chain.js'
import { svgPicture } from '../../dist/src/shared/charts/picture.js'
import { svgText } from '../../dist/src/shared/charts/text.js'

const WIDTH = 1200
const MARGIN = 20
const HEADING = 34
const TITLES = {
  search: '1. Search cells',
  classifier: '2. Train a classifier',
  detector: '3. Train a detector',
}
/** Detections below it are not drawn. */
const MIN_SCORE = 0.4

const [place, file] = process.argv.slice(2)
if (file === undefined) throw new Error('Usage: draw-chain.mjs FOLDER FILE.png')
const folder = await ChainFolder.open(place)

/** Pictures beside each other, each scaled to fit its share of the width. */
async function row(pictures, top, height) {
  const room = (WIDTH - MARGIN * (pictures.length + 1)) / pictures.length
  const placed = []
  for (const [index, picture] of pictures.entries()) {
    const { data, info } = await sharp(picture, { density: 144 })
      .resize({ width: Math.floor(room), height, fit: 'inside' })
      .png()
      .toBuffer({ resolveWithObject: true })
    const left = MARGIN + index * (room + MARGIN) + (room - info.width) / 2
    placed.push({ input: data, left: Math.round(left), top, height: info.height })
  }
  return { placed, bottom: top + Math.max(...placed.map((each) => each.height)) }
}

/** The held-out scenes with what the detector finds in them. */
async function scenes(model) {
  const detector = await openDetector(model)
  const files = (await readdir(scenesPath(place))).sort()
  const drawn = []
  for (const name of files) {
    const bytes = await readFile(join(scenesPath(place), name))
    drawn.push(await detector.draw(bytes, await detector.detect(bytes, { minScore: MIN_SCORE })))
  }
  await detector.close()
  return drawn
}

const layers = []
const texts = []
let y = MARGIN
for (const stage of STAGES) {
  const result = folder.resultOf(stage)
  texts.push(svgText(MARGIN, y + 18, TITLES[stage], { kind: 'ink', size: 19, bold: true }))
  if (result !== null) texts.push(svgText(MARGIN + 230, y + 18, sentenceOf(stage, result), { size: 16 }))
  const figures = (await figuresOf(place, stage)).map(({ svg }) => Buffer.from(svg))
  const { placed, bottom } = await row(figures, y + HEADING, 330)
  layers.push(...placed)
  y = bottom + MARGIN
  if (stage === 'detector' && result !== null) {
    const found = await row(await scenes(join(place, result.model)), y, 400)
    layers.push(...found.placed)
    y = found.bottom + MARGIN
  }
}
const paper = svgPicture({ title: 'From a search to a detector', width: WIDTH, height: Math.ceil(y) }, texts)
const picture = sharp(Buffer.from(paper)).composite(
  layers.map(({ input, left, top }) => ({ input, left, top })),
)
await writeFile(file, await picture.png({ palette: true, quality: 90 }).toBuffer())
await folder.close()
