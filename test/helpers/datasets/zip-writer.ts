import { deflateRawSync } from 'node:zlib'
import { crc32 } from '../../../datasets/fetch/crc32.js'

export interface ZipFile {
  name: string
  content: string | Buffer
  stored?: boolean
  /** Overwrite what is true, for archives that lie. */
  lies?: { crc?: number; bytes?: number; method?: number; flags?: number; mode?: number; offset?: number }
}

/** A zip archive with these files. */
export function writeZip(files: ZipFile[]): Buffer {
  const locals: Buffer[] = []
  const centrals: Buffer[] = []
  let offset = 0
  for (const { name, content, stored = false, lies = {} } of files) {
    const raw = Buffer.from(content)
    const packed = stored ? raw : deflateRawSync(raw)
    const path = Buffer.from(name)
    const shared = Buffer.alloc(26)
    shared.writeUInt16LE(20, 0)
    shared.writeUInt16LE(lies.flags ?? 0, 2)
    shared.writeUInt16LE(lies.method ?? (stored ? 0 : 8), 4)
    shared.writeUInt32LE(lies.crc ?? crc32(raw), 10)
    shared.writeUInt32LE(packed.length, 14)
    shared.writeUInt32LE(lies.bytes ?? raw.length, 18)
    shared.writeUInt16LE(path.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), shared, path, packed])
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE(((lies.mode ?? 0o100644) << 16) >>> 0, 6)
    rest.writeUInt32LE(lies.offset ?? offset, 10)
    centrals.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x03'), shared, rest, path]))
    locals.push(local)
    offset += local.length
  }
  const directory = Buffer.concat(centrals)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06')
  end.writeUInt16LE(files.length, 8)
  end.writeUInt16LE(files.length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...locals, directory, end])
}
