import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { paintImages } from '../../helpers/commands/painted-images.js'
import { fails, succeeds, toolkit } from '../../helpers/commands/toolkit.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

test('a search finds its images from every folder, recognises them, and takes the folder they were moved to', async (t) => {
  const cwd = await temporaryFolder(t)
  const elsewhere = join(cwd, 'elsewhere')
  await mkdir(elsewhere)
  await paintImages(join(cwd, 'images'), 12)
  const tiny = [
    ...['--strategy', 'random', '--steps', '2', '--batch-size', '4', '--validation-images', '8'],
    ...['--train-images', '8', '--processes', '1', '--top', '0', '--blocks', '1', '--budget', '1'],
  ]
  const resume = (budget: number, ...args: string[]) =>
    toolkit(['search', '--resume', '../search', '--budget', `${budget}`, '--processes', '1', ...args], {
      cwd: elsewhere,
    })
  succeeds(
    await toolkit(['search', '--data', 'images', '--warm-up', '1', ...tiny, '--out', 'search'], { cwd }),
  )
  succeeds(await resume(2))
  await rename(join(cwd, 'images', 'train', 'red', '0.png'), join(cwd, 'kept.png'))
  fails(await resume(3), /1 train image is missing \(23 instead of 24\)/)
  await rename(join(cwd, 'kept.png'), join(cwd, 'images', 'train', 'red', '0.png'))
  await rename(join(cwd, 'images'), join(cwd, 'moved'))
  fails(await resume(3), /no longer in .*images; if it was moved, name its folder with --data/)
  succeeds(await resume(3, '--data', '../moved'))
  fails(await resume(4, '--data', 'embedded'), /is not the same data as at the start: it is another data set/)
  // The weights of a search fit another one on the same images, wherever those lie by now.
  const weights = join(cwd, 'search', 'shared-weights.safetensors')
  succeeds(
    await toolkit(['search', '--data', 'moved', '--weights', weights, ...tiny, '--out', 'next'], { cwd }),
  )
  await rm(join(cwd, 'moved', 'train', 'red', '0.png'))
  fails(
    await toolkit(['search', '--data', 'moved', '--weights', weights, ...tiny, '--out', 'last'], { cwd }),
    /weights that were trained for another search: "data"/,
  )
})
