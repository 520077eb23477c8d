import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { drawPage } from '../../search/report/page.js'
import { drawPictures, type Pictures } from '../../search/report/pictures.js'
import { reportStatistics } from '../../search/report/report-statistics.js'
import { readSearchLogs } from '../../search/report/search-log.js'
import { makeFolder, writeFileAtomically } from '../../shared/files.js'

interface Flags {
  out?: string
  best: number
  json?: boolean
  svg?: string
}

const help = `
Any search can be reported, also one that is still under way. Searches whose search.json differ in name, seeds, budget
and retraining at most are one method, searched several times: drawn are their mean, lowest and highest.

Without --json and --svg, the page is written even if --out is not given: as search-report.html.

Examples:
  $ toolkit search-report searches/mine
  $ toolkit search-report searches/ppo-1 searches/ppo-2 searches/random-1 searches/random-2 --out compared.html
  $ toolkit search-report searches/mine --json
  $ toolkit search-report searches/mine --svg figures`

const whole = (text: string): number => {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('Give a whole number from 1.')
  return Number(text)
}

/** `toolkit search-report RUN… --out report.html` */
export function searchReportCommand(): Command {
  return new Command('search-report')
    .description('report on searches on one page: rewards, best cells, operations, time')
    .argument('<search...>', "searches' folders; several are compared")
    .option('--out <file>', 'the page')
    .option('--best <n>', 'how many of the best cells to show of each method', whole, 3)
    .option('--json', 'print the figures as JSON')
    .option('--svg <folder>', 'write the drawings as files')
    .addHelpText('after', help)
    .action(report)
}

async function report(folders: string[], { out, best, json, svg }: Flags): Promise<void> {
  const logs = await readSearchLogs(folders)
  const figures = reportStatistics(logs, best)
  const page = out ?? (json || svg !== undefined ? undefined : 'search-report.html')
  const pictures = page === undefined && svg === undefined ? undefined : drawPictures(figures)
  const wrote = (what: string) => (json ? console.error : console.log)(`Wrote ${what}`)
  if (page !== undefined) {
    await writeFileAtomically(page, drawPage(figures, pictures!, logs))
    wrote(page)
  }
  if (svg !== undefined) {
    const count = await writePictures(svg, pictures!)
    wrote(`${count} drawings to ${svg}`)
  }
  if (json) console.log(JSON.stringify(figures, null, 2))
}

async function writePictures(folder: string, pictures: Pictures): Promise<number> {
  await makeFolder(folder)
  const all = Object.values(pictures).flat(2)
  for (const { name, svg } of all) await writeFileAtomically(join(folder, `${name}.svg`), svg)
  return all.length
}
