// Record batches of format v2 as the raw modes send them: made once, then patched in place where a variant asks for it.
package main

import (
	"encoding/binary"
	"hash/crc32"
	"math/rand"

	"github.com/twmb/franz-go/pkg/kgo"
)

// batchOf encodes the values given. With a codec the records are compressed. at holds where each value begins (nil when compressed).
func batchOf(values [][]byte, codec string) (b []byte, at []int) {
	now := kafkaNow()
	var recs []byte
	for i, v := range values {
		var head []byte
		head = append(head, 0)
		head = binary.AppendVarint(head, 0)
		head = binary.AppendVarint(head, int64(i))
		head = binary.AppendVarint(head, -1)
		head = binary.AppendVarint(head, int64(len(v)))
		recs = binary.AppendVarint(recs, int64(len(head)+len(v)+1))
		recs = append(recs, head...)
		at = append(at, 61+len(recs))
		recs = append(recs, v...)
		recs = binary.AppendVarint(recs, 0)
	}
	attributes := 0
	if codec != "none" {
		kinds := map[string]kgo.CompressionCodec{"gzip": kgo.GzipCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(), "snappy": kgo.SnappyCompression()}
		c, err := kgo.DefaultCompressor(kinds[codec])
		die(err)
		packed, kind := c.Compress(newBuffer(), recs)
		recs, at, attributes = append([]byte(nil), packed...), nil, int(kind)
	}
	b = make([]byte, 61, 61+len(recs))
	b = append(b, recs...)
	k := len(values)
	binary.BigEndian.PutUint32(b[8:], uint32(len(b)-12))
	b[16] = 2
	binary.BigEndian.PutUint16(b[21:], uint16(attributes))
	binary.BigEndian.PutUint32(b[23:], uint32(k-1))
	binary.BigEndian.PutUint64(b[27:], uint64(now))
	binary.BigEndian.PutUint64(b[35:], uint64(now))
	binary.BigEndian.PutUint64(b[43:], ^uint64(0))
	binary.BigEndian.PutUint16(b[51:], ^uint16(0))
	binary.BigEndian.PutUint32(b[53:], ^uint32(0))
	binary.BigEndian.PutUint32(b[57:], uint32(k))
	reseal(b)
	return b, at
}

// reseal makes the batch's CRC true again after a patch.
func reseal(b []byte) { binary.BigEndian.PutUint32(b[17:], crc32.Checksum(b[21:], castagnoli)) }

// alphabetValue is the value that repeats in every plain batch.
func alphabetValue(n int) []byte {
	v := make([]byte, n)
	for i := range v {
		v[i] = byte('a' + i%26)
	}
	return v
}

func plainBatch(k, val int) []byte {
	b, _ := batchOf(valuesFor(k, val, false), "none")
	return b
}

// valuesFor: k values of n bytes, all equal, or each its own hexadecimal noise (which compresses to about half).
func valuesFor(k, n int, noise bool) [][]byte {
	rng := rand.New(rand.NewSource(1))
	out := make([][]byte, k)
	for i := range out {
		out[i] = alphabetValue(n)
		for j := range out[i] {
			if noise {
				out[i][j] = "0123456789abcdef"[rng.Intn(16)]
			}
		}
	}
	return out
}

// mix is a value's part in the order-free hash of everything that was written: their sum modulo 2^64.
func mix(v []byte) uint64 {
	h := (uint64(crc32.Checksum(v, castagnoli)) + uint64(len(v))<<32) * 0x9E3779B97F4A7C15
	return h ^ h>>29
}

func mixAll(values [][]byte) (sum uint64) {
	for _, v := range values {
		sum += mix(v)
	}
	return sum
}
