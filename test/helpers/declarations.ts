/**
 * What an entry of the package exports, and which types its declarations name, read from the `.d.ts` files that the
 * compiler wrote. A scan by lines and names is enough for them: each top-level statement begins in the first column, and
 * an import is there only where something uses it.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A declaration: where it stands, and under which name. */
interface Place {
  file: string
  name: string
}

interface Declarations {
  /** Statements by the name that they declare; several are overloads. */
  statements: Map<string, string[]>
  /** Names that stand for a declaration elsewhere: imported, or exported under another name. */
  imported: Map<string, Place>
  exported: Map<string, Place>
  /** Files all of whose exports are exported, and those that are exported as a namespace. */
  exportedFiles: string[]
  namespaces: string[]
}

const declared =
  /^(export )?(?:declare )?(?:abstract )?(?:function|const|let|class|enum|interface|type|namespace) (\w+)/

/** Without comments; strings stay. */
function withoutComments(text: string): string {
  return text.replaceAll(
    /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|\/\*[\s\S]*?\*\/|\/\/.*/g,
    '$1',
  )
}

/** Reads declaration files, each once. What packages declare is not looked at. */
export function declarationReader() {
  const known = new Map<string, Declarations>()

  function resolve(from: string, module: string): string | null {
    if (!module.startsWith('.')) return null
    const file = join(dirname(from), module.replace(/\.js$/, '.d.ts'))
    if (!existsSync(file)) throw new Error(`${from} names ${module}, which is not there`)
    return file
  }

  function read(file: string): Declarations {
    const before = known.get(file)
    if (before) return before
    const found: Declarations = {
      statements: new Map(),
      imported: new Map(),
      exported: new Map(),
      exportedFiles: [],
      namespaces: [],
    }
    known.set(file, found)
    for (const statement of withoutComments(readFileSync(file, 'utf8')).split(/\n(?=[a-z])/)) {
      const source = /^(?:im|ex)port [^;]*? from ['"]([^'"]+)['"]/.exec(statement)?.[1]
      const target = source === undefined ? file : resolve(file, source)
      const names = /^(?:im|ex)port (?:type )?\{([^}]*)\}/.exec(statement)?.[1]
      if (names !== undefined) {
        if (target === null) continue
        const into = statement.startsWith('import') ? found.imported : found.exported
        for (const [, name, alias] of names.matchAll(/(?:type )?(\w+)(?: as (\w+))?/g))
          into.set(alias ?? name, { file: target, name })
      } else if (/^export (type )?\* from/.test(statement)) {
        if (target !== null) found.exportedFiles.push(target)
      } else if (/^export (type )?\* as/.test(statement)) {
        if (target !== null) found.namespaces.push(target)
      } else {
        const [, isExported, name] = declared.exec(statement) ?? []
        if (name === undefined) continue
        found.statements.set(name, [...(found.statements.get(name) ?? []), statement])
        if (isExported) found.exported.set(name, { file, name })
      }
    }
    return found
  }

  /** Where a name that is used in `file`, or exported by it, is declared; null: in no file that is read here. */
  function declaration({ file, name }: Place, inside: boolean): Place | null {
    const { statements, imported, exported, exportedFiles } = read(file)
    if ((inside || exported.get(name)?.file === file) && statements.has(name)) return { file, name }
    const next = inside ? imported.get(name) : exported.get(name)
    if (next) return declaration(next, next.file === file)
    if (inside) return null
    for (const other of exportedFiles) {
      const there = declaration({ file: other, name }, false)
      if (there) return there
    }
    return null
  }

  /** All declarations that an import of `file` gives a name to, those in namespaces included. */
  function exportsOf(file: string): Place[] {
    const { exported, exportedFiles, namespaces } = read(file)
    const own = [...exported.keys()].map((name) => declaration({ file, name }, false))
    return [
      ...own.filter((place) => place !== null),
      ...[...exportedFiles, ...namespaces].flatMap((other) => exportsOf(other)),
    ]
  }

  /** The declarations that a declaration names, besides what `typeof` looks at. */
  function namedBy({ file, name }: Place): Place[] {
    const named = new Map<string, Place>()
    for (const statement of read(file).statements.get(name)!) {
      const body = statement.replace(declared, '')
      for (const [, module, type] of body.matchAll(/import\(['"]([^'"]+)['"]\)\.(\w+)/g)) {
        const target = resolve(file, module)
        const place = target === null ? null : declaration({ file: target, name: type }, false)
        if (place) named.set(type, place)
      }
      // Neither members (after a point), nor names of members and parameters (before a colon), nor of methods.
      for (const [word] of body.matchAll(/(?<![\w.'"`]|typeof )[A-Za-z_]\w*(?![\w'"`]|\??:|\()/g)) {
        const place = word === name ? null : declaration({ file, name: word }, true)
        if (place) named.set(word, place)
      }
    }
    return [...named.values()]
  }

  return { exportsOf, namedBy }
}
