/**
 * The models that a server answers with: by name and version, and exchanged while requests are answered. A new version
 * is loaded beside the old one and takes its place when it is warm; the old one ends after its last request.
 */
import { ServeError } from './errors.js'
import { Inference, type InferenceOptions } from './inference.js'
import { readServedFile, requireDistinct, type ServedFile, versionOf } from './model-file.js'

/** What all models have in common. */
export type InferenceSettings = Omit<InferenceOptions<never>, 'path' | 'sha256' | 'card'>

/** What became of one file when the models were reloaded. */
export interface Reloaded {
  path: string
  /** The name of the model that answers from now on. */
  model: string
  /** `unchanged`: the file is the one that is served. `kept`: the new file cannot be served, and the old model stays. */
  outcome: 'replaced' | 'unchanged' | 'kept'
  /** One sentence. */
  message: string
}

interface Served {
  file: ServedFile
  inference: Inference
}

export class ServedModels {
  readonly #settings: InferenceSettings
  /** In the order in which the files were given. */
  #served: Served[] = []
  readonly #byName = new Map<string, Inference>()
  /** Replaced, but not ended yet. */
  readonly #retired = new Set<Inference>()
  #reloading: Promise<unknown> = Promise.resolve()
  #closing = false

  private constructor(settings: InferenceSettings) {
    this.#settings = settings
  }

  /** Loads the models one after another. @throws ServeError for one that cannot be served; the others are closed */
  static async load(files: readonly ServedFile[], settings: InferenceSettings): Promise<ServedModels> {
    const models = new ServedModels(settings)
    try {
      for (const file of files)
        models.#served.push({ file, inference: await Inference.start({ ...settings, ...file }) })
    } catch (error) {
      await models.close()
      throw error
    }
    models.#name()
    return models
  }

  /**
   * The models that answer, now and after each reload: the newest version of a name (of its files, the one that was
   * given last) by NAME, the others by NAME@VERSION.
   */
  get byName(): ReadonlyMap<string, Inference> {
    return this.#byName
  }

  /** True while every model can answer: it is loaded, warm, and has a worker. */
  ready(): boolean {
    return !this.#closing && this.#served.every(({ inference }) => inference.isReady())
  }

  /**
   * Reads all files again and exchanges the models of those that have changed. Requests that were accepted are answered
   * by the old model, later ones by the new one. Never throws: a file that cannot be served keeps its old model.
   */
  reload(): Promise<Reloaded[]> {
    const result = this.#reloading.then(() => this.#reloadAll())
    this.#reloading = result
    return result
  }

  /**
   * Serves another file beside the others; one that is served already is read again, and exchanged where it has changed.
   *
   * @throws UserError for a file that cannot be read, ServeError for one that cannot be served; the model that it had stays
   */
  add(path: string): Promise<void> {
    const result = this.#reloading.then(() => this.#add(path))
    this.#reloading = result.catch(() => {})
    return result
  }

  /** Ends all models. */
  async close(): Promise<void> {
    this.#closing = true
    // A model that is being loaded is closed with the others.
    await this.#reloading
    const all = [...this.#served.map(({ inference }) => inference), ...this.#retired]
    await Promise.all(all.map((inference) => inference.close()))
  }

  async #reloadAll(): Promise<Reloaded[]> {
    const reports: Reloaded[] = []
    for (const served of this.#served) reports.push(await this.#reloadOne(served))
    return reports
  }

  async #reloadOne(served: Served): Promise<Reloaded> {
    const { file: old } = served
    const { path } = old
    try {
      if (!(await this.#exchange(served)))
        return { path, model: old.card.name, outcome: 'unchanged', message: `${path} has not changed.` }
      const { file } = served
      const { name } = file.card
      const message = `${path} has changed; ${name} answers with version ${versionOf(file)} from now on.`
      return { path, model: name, outcome: 'replaced', message }
    } catch (error) {
      const { name } = old.card
      const message = `${name} stays as it is (version ${versionOf(old)}): ${(error as Error).message}`
      return { path, model: name, outcome: 'kept', message }
    }
  }

  async #add(path: string): Promise<void> {
    const served = this.#served.find(({ file }) => file.path === path)
    if (served !== undefined) {
      await this.#exchange(served)
      return
    }
    const file = await readServedFile(path)
    this.#served.push({ file, inference: await this.#start(file, this.#served) })
    this.#name()
  }

  /** Takes what the file holds now. False when it has not changed. Throws when it cannot be served; the old model stays. */
  async #exchange(served: Served): Promise<boolean> {
    const { file: old, inference: replaced } = served
    const file = await readServedFile(old.path)
    if (file.sha256 === old.sha256) return false
    const others = this.#served.filter((other) => other !== served)
    Object.assign(served, { file, inference: await this.#start(file, others) })
    this.#name()
    this.#retire(replaced)
    return true
  }

  #start(file: ServedFile, others: readonly Served[]): Promise<Inference> {
    requireDistinct([...others.map((other) => other.file), file])
    if (this.#closing) throw new ServeError('the server is closing')
    return Inference.start({ ...this.#settings, ...file })
  }

  #retire(inference: Inference): void {
    this.#retired.add(inference)
    void inference.retire().then(() => this.#retired.delete(inference))
  }

  #name(): void {
    this.#byName.clear()
    const newest = new Map(this.#served.map((served) => [served.file.card.name, served]))
    for (const served of this.#served) {
      const { file, inference } = served
      const { name } = file.card
      this.#byName.set(newest.get(name) === served ? name : `${name}@${versionOf(file)}`, inference)
    }
  }
}
