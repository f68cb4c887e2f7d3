#!/bin/sh
# Makes the shipped recordings anew: speech by espeak-ng, 6 dB of headroom by
# sox, Opus at 32 kb/s. The texts are in README.md, one row a file.
# Needs: apt-get install espeak-ng sox opus-tools
set -eu
cd "$(dirname "$0")"
for program in espeak-ng sox opusenc; do
	command -v "$program" >/dev/null || {
		echo "make.sh: $program is missing: apt-get install espeak-ng sox opus-tools" >&2
		exit 1
	}
done
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# Rows of the table: | name | voice | text |
sed -n 's/^| `\([a-z0-9-]*\)` | \(vi\|en\) | \(.*\) |$/\1|\2|\3/p' README.md >"$tmp/rows"
while IFS='|' read -r name voice text; do
	# Slower than reading aloud: it must be understood between walls.
	espeak-ng -v "$voice" -s 140 -g 2 -w "$tmp/raw.wav" "$text"
	sox -D "$tmp/raw.wav" -r 48000 -c 1 -b 16 "$tmp/ready.wav" gain -6 \
		highpass 120 silence 1 0.01 0.1% reverse silence 1 0.01 0.1% reverse \
		pad 0.05 0.15 gain -n -6
	opusenc --quiet --bitrate 32 --speech --serial 1 --comment "TITLE=$text" "$tmp/ready.wav" "$name.opus"
	echo "$name.opus"
done <"$tmp/rows"
