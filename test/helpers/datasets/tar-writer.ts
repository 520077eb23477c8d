/** Just enough of a tar writer to make archives for tests, wrong ones too. */
export interface Entry {
  name: string
  content?: Buffer | string
  /** `0` file, `5` folder, `2` link, `x` extended header. */
  type?: string
  prefix?: string
}

export function writeTar(entries: Entry[]): Buffer {
  const blocks = entries.flatMap(({ name, content = '', type = '0', prefix = '' }) => {
    const body = Buffer.from(content)
    const header = Buffer.alloc(512)
    header.write(name, 0, 100)
    header.write('0000644\0', 100)
    header.write(`${body.length.toString(8).padStart(11, '0')}\0`, 124)
    header.write('        ', 148)
    header.write(type, 156)
    header.write('ustar\x0000', 257)
    header.write(prefix, 345, 155)
    const sum = header.reduce((total, byte) => total + byte, 0)
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)]
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}
