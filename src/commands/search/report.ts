import { join } from 'node:path'
import { Command } from '@commander-js/extra-typings'
import { drawPage } from '../../search/report/page.js'
import { drawPictures, type Pictures } from '../../search/report/pictures.js'
import { reportStatistics } from '../../search/report/report-statistics.js'
import { readSearchLogs } from '../../search/report/search-log.js'
import { makeFolder, writeFileAtomically } from '../../shared/files.js'
import { plural } from '../../shared/text.js'
import { type FlagsOf, wholeNumber } from '../shared/flags.js'
import { json } from '../shared/options.js'

const help = `
Any search can be reported, also one that is still running. Searches whose search.json differ at most in name, seeds,
budget and retraining count as repetitions of one method: their mean, lowest and highest values are drawn.

Without --json and --svg, the page is always written; without --out as search-report.html.

--json prints {"searches": [{"name", "curves", "best", …}], …}: everything that the page draws, as numbers.

Examples:
  $ toolkit search-report searches/mine
  $ toolkit search-report searches/ppo-1 searches/ppo-2 searches/random-1 searches/random-2 --out compared.html
  $ toolkit search-report searches/mine --json
  $ toolkit search-report searches/mine --svg figures`

/** The command with its flags. */
const reportFlags = () =>
  new Command('search-report')
    .argument('<search...>', 'folders of searches; several are compared')
    .option('--out <file>', 'HTML page to write')
    .option('--best <n>', 'how many of the best cells of each method to show', wholeNumber(1), 3)
    .addOption(json)
    .option('--svg <folder>', 'write the drawings as SVG files into this folder')

/** `toolkit search-report SEARCH… --out report.html` */
export const searchReportCommand = () => reportFlags().addHelpText('after', help).action(report)

async function report(
  folders: string[],
  { out, best, json, svg }: FlagsOf<typeof reportFlags>,
): Promise<void> {
  const logs = await readSearchLogs(folders)
  const statistics = reportStatistics(logs, best)
  const page = out ?? (json || svg !== undefined ? undefined : 'search-report.html')
  const pictures = page === undefined && svg === undefined ? undefined : drawPictures(statistics)
  const wrote = (what: string) => (json ? console.error : console.log)(`Wrote ${what}`)
  if (page !== undefined) {
    await writeFileAtomically(page, drawPage(statistics, pictures!, logs))
    wrote(page)
  }
  if (svg !== undefined) {
    const count = await writePictures(svg, pictures!)
    wrote(`${plural(count, 'drawing')} to ${svg}`)
  }
  if (json) console.log(JSON.stringify(statistics, null, 2))
}

async function writePictures(folder: string, pictures: Pictures): Promise<number> {
  await makeFolder(folder)
  const all = Object.values(pictures).flat(2)
  for (const { name, svg } of all) await writeFileAtomically(join(folder, `${name}.svg`), svg)
  return all.length
}
