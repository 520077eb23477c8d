/** What Markdown files refer to. */

/** Without blocks of code, which show other people's files. */
const withoutBlocks = (text: string) => text.replaceAll(/^```[\s\S]*?^```/gm, '')

/** Targets of links and pictures that lie in this repository, without the place inside the file. */
export function relativeLinks(text: string): string[] {
  const targets = [...withoutBlocks(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target)
  return targets.filter((target) => !/^(\w+:|#)/.test(target)).map((target) => target.replace(/#.*/, ''))
}

/** Headings as GitHub names their places: in lower case, without punctuation, joined by hyphens. */
export function headingAnchors(text: string): string[] {
  return [...withoutBlocks(text).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** Links to a place inside a file, as file ('' for the same one) and place. */
export function linkedAnchors(text: string): { target: string; anchor: string }[] {
  const links = withoutBlocks(text).matchAll(/\]\(((?!\w+:)[^)\s#]*)#([^)\s]+)\)/g)
  return [...links].map(([, target, anchor]) => ({ target, anchor }))
}

/** Names between back-ticks that are paths below one of `folders`; `*` stands for any name, braces for several. */
export function namedPaths(text: string, folders: readonly string[]): string[] {
  const names = [...withoutBlocks(text).matchAll(/`([^`\s]+)`/g)].map(([, name]) => name)
  const paths = names.filter((name) => folders.some((folder) => name.startsWith(`${folder}/`)))
  return paths.flatMap((path) => {
    const braces = /^(.*)\{(.*)\}(.*)$/.exec(path)
    return braces ? braces[2].split(',').map((part) => `${braces[1]}${part}${braces[3]}`) : [path]
  })
}

/** The commands in blocks of shell, with continued lines joined, and without comments. */
export function shellCommands(text: string): string[] {
  const blocks = [...text.matchAll(/^```(?:sh|bash|console)\n([\s\S]*?)^```/gm)].map(([, block]) => block)
  return blocks
    .flatMap((block) => block.replaceAll(/\\\n\s*/g, '').split('\n'))
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '')
}

/** The words of a command as a shell divides it: at spaces outside of quotes. What follows `|`, `>`, `&` or `;` is left out. */
export function wordsOf(command: string): string[] {
  const [own] = command.split(/\s(?:[|>&;]|2>)/)
  return [...own.matchAll(/(?:'[^']*'|"[^"]*"|\S)+/g)].map(([word]) => word.replaceAll(/['"]/g, ''))
}
