/**
 * What lies in deploy/: manifests are what Kubernetes' own schemas allow (where $PYTHON or python3 has kubernetes-validate),
 * and name only ports, paths, settings and commands that exist.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { parseAllDocuments } from 'yaml'
import { loadConfig } from '../../serve/config/load-config.js'
import { serverDefaults } from '../../serve/config/settings.js'
import { packageRoot } from '../../src/shared/package-root.js'
import { parseCommand } from '../helpers/commands/parse-command.js'
import { start } from '../helpers/serve/support.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

const run = promisify(execFile)
const root = join(packageRoot(), 'deploy')
const python = process.env.PYTHON ?? 'python3'
const hasSchemas = await run(python, ['-c', 'import kubernetes_validate']).then(
  () => true,
  () => false,
)

interface Container {
  name: string
  image: string
  args: string[]
  ports?: { name: string; containerPort: number }[]
  volumeMounts?: { name: string; mountPath: string }[]
  securityContext: Record<string, unknown>
  [probe: `${string}Probe`]: { httpGet?: { path: string; port: string | number } } | undefined
}

// biome-ignore lint/suspicious/noExplicitAny: manifests of many kinds, whose shape the schemas check.
type Manifest = Record<string, any>

async function manifestsIn(path: string): Promise<Manifest[]> {
  const documents = parseAllDocuments(await readFile(join(root, path), 'utf8'))
  for (const { errors } of documents as { errors: Error[] }[]) assert.deepEqual(errors, [], path)
  return (documents as { toJS(): Manifest }[]).map((document) => document.toJS())
}

const files = (await readdir(root, { recursive: true }))
  .filter((path) => path.endsWith('.yaml'))
  .map((path) => path.replaceAll('\\', '/'))
const manifests = new Map(
  await Promise.all(files.map(async (file) => [file, await manifestsIn(file)] as const)),
)
const everything = [...manifests].flatMap(([file, list]) => list.map((manifest) => ({ file, manifest })))
const podOf = ({ spec }: Manifest): Manifest | undefined => spec?.template?.spec
const containersOf = (manifest: Manifest): Container[] => {
  const pod = podOf(manifest) ?? (manifest.kind === 'ServingRuntime' ? manifest.spec : {})
  return [...(pod.initContainers ?? []), ...(pod.containers ?? [])]
}
const ours = everything.flatMap(({ file, manifest }) =>
  containersOf(manifest)
    .filter(({ image }) => /(^|\/)toolkit(:|$)/.test(image))
    .map((container) => ({ file, manifest, container })),
)

/** What a kustomization adds: its labels, as selectors too. */
function withLabels(manifest: Manifest, labels: Record<string, string>): Manifest {
  const copy = structuredClone(manifest)
  const { kind, spec } = copy
  if (spec?.template) {
    spec.selector = { matchLabels: { ...spec.selector?.matchLabels, ...labels } }
    spec.template.metadata = {
      ...spec.template.metadata,
      labels: { ...spec.template.metadata?.labels, ...labels },
    }
  }
  if (kind === 'PodDisruptionBudget') spec.selector = { matchLabels: labels }
  return copy
}

describe('deploy/', () => {
  it('has manifests', () => assert.ok(everything.length > 12 && ours.length >= 4))

  for (const folder of ['kubernetes/serve', 'kubernetes/search'])
    it(`${folder}/kustomization.yaml names all files of its folder but the examples`, () => {
      const [{ resources }] = manifests.get(`${folder}/kustomization.yaml`)!
      const there = files
        .filter((file) => file.startsWith(`${folder}/`) && !/kustomization|\.example\./.test(file))
        .map((file) => file.slice(folder.length + 1))
      assert.deepEqual([...resources].sort(), there.sort())
    })

  it('is what Kubernetes’ schemas allow', {
    skip: !hasSchemas && 'Python’s kubernetes-validate is not installed',
  }, async (t) => {
    const builtIn = everything.filter(
      ({ file, manifest }) => file.startsWith('kubernetes/') && manifest.kind !== 'Kustomization',
    )
    const list = builtIn.map(({ manifest }) => withLabels(manifest, { 'app.kubernetes.io/name': 'any' }))
    const script = `
import json, sys, kubernetes_validate as k
for manifest in json.load(open(sys.argv[1])):
    k.validate(manifest, k.latest_version(), strict=True)
try:
    manifest['spec']['nonsense'] = 1
    k.validate(manifest, k.latest_version(), strict=True)
except k.ValidationError:
    print('checked')`
    // The last one is spoilt, which the schemas must see.
    const deployment = list.findIndex(({ kind }) => kind === 'Deployment')
    list.push(...list.splice(deployment, 1))
    const path = join(await temporaryFolder(t), 'manifests.json')
    await writeFile(path, JSON.stringify(list))
    assert.equal((await run(python, ['-c', script, path])).stdout, 'checked\n')
  })

  it('starts commands with flags that exist', async () => {
    for (const { file, container } of ours) {
      const environment = JSON.stringify(container).includes('TOOLKIT_QUEUE')
        ? ['--queue', 'redis://redis:6379']
        : []
      await assert.doesNotReject(
        parseCommand([...container.args, ...environment]),
        `${file}: ${container.args}`,
      )
    }
    await assert.rejects(parseCommand(['serve', '--no-such-flag']), /unknown option/)
    const unit = await readFile(join(root, 'systemd/toolkit-serve.service'), 'utf8')
    const [, words] = /^ExecStart=\/usr\/local\/bin\/toolkit (.+)$/m.exec(unit)!
    await parseCommand(words.split(' '))
  })

  it('lets nobody be root, write to the image or gain rights', () => {
    for (const { file, manifest } of everything)
      for (const { name, securityContext } of containersOf(manifest)) {
        const pod = podOf(manifest)?.securityContext
        const where = `${file}: ${name}`
        assert.equal(securityContext.runAsNonRoot ?? pod?.runAsNonRoot, true, where)
        assert.equal(securityContext.readOnlyRootFilesystem, true, where)
        assert.equal(securityContext.allowPrivilegeEscalation, false, where)
        assert.deepEqual(securityContext.capabilities, { drop: ['ALL'] }, where)
      }
  })

  it('mounts volumes that exist, and reaches ports by the names that they have', () => {
    for (const { file, manifest } of everything) {
      const pod = podOf(manifest)
      const claims = (manifest.spec?.volumeClaimTemplates ?? []).map((claim: Manifest) => claim.metadata.name)
      const volumes = [...(pod?.volumes ?? []).map((volume: Manifest) => volume.name), ...claims]
      if (pod)
        for (const { volumeMounts = [] } of containersOf(manifest))
          for (const { name } of volumeMounts) assert.ok(volumes.includes(name), `${file}: ${name}`)
    }
    for (const [folder, port] of [
      ['kubernetes/serve', 'http'],
      ['kubernetes/search', 'redis'],
    ]) {
      const here = everything.filter(({ file }) => file.startsWith(folder)).map(({ manifest }) => manifest)
      const named = here.flatMap(containersOf).flatMap(({ ports = [] }) => ports.map(({ name }) => name))
      assert.deepEqual(named, [port])
      const used = here.flatMap(({ kind, spec }) =>
        kind === 'Service'
          ? spec.ports.map(({ targetPort }: Manifest) => targetPort)
          : kind === 'NetworkPolicy'
            ? spec.ingress.flatMap(({ ports }: Manifest) => ports.map(({ port }: Manifest) => port))
            : [],
      )
      assert.deepEqual(new Set(used), new Set([port]))
    }
  })

  it('asks paths of the server that answer, on its port', async () => {
    const server = await start()
    try {
      const probes = ours.flatMap(({ container }) =>
        ['startupProbe', 'readinessProbe', 'livenessProbe'].flatMap(
          (name) => container[name as 'aProbe']?.httpGet ?? [],
        ),
      )
      assert.ok(probes.length >= 5)
      for (const { path, port } of probes) {
        assert.equal((await fetch(`${server.url}${path}`)).status, 200, path)
        assert.ok(port === 'http' || port === serverDefaults.port)
      }
    } finally {
      await server.close()
    }
    for (const { container } of ours)
      for (const { containerPort } of container.ports ?? []) assert.equal(containerPort, serverDefaults.port)
  })

  it('gives the server settings that it takes, from places that are mounted', async () => {
    const [{ manifest }] = ours.filter(({ file }) => file === 'kubernetes/serve/deployment.yaml')
    const [server] = containersOf(manifest)
    const { values } = await loadConfig({ config: join(root, 'kubernetes/serve/serve.json') }, {})
    const mounted = server.volumeMounts!.map(({ mountPath }) => mountPath)
    for (const path of [...values.models, values.apiKeysFile!, server.args.at(-1)!])
      assert.ok(
        mounted.some((folder) => path.startsWith(`${folder}/`)),
        path,
      )
    const [secret] = manifests.get('kubernetes/serve/keys.example.yaml')!
    assert.equal(values.apiKeysFile, `/keys/${Object.keys(secret.stringData)[0]}`)
  })
})
