package program

import (
	"debug/elf"
	"io"
	"os"

	"pa/paspeaker"
)

// machines are the architectures that nodes are built for, as Go names them.
var machines = map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64", elf.EM_ARM: "arm"}

// Arch tells for which architecture a program is; CodeInvalid when it is none.
func Arch(r io.ReaderAt) (string, error) {
	f, err := elf.NewFile(r)
	if err != nil {
		return "", paspeaker.Errorf(paspeaker.CodeInvalid, "this is not a program for Linux: %w", err)
	}
	arch := machines[f.Machine]
	if arch == "" || f.Type != elf.ET_EXEC && f.Type != elf.ET_DYN {
		return "", paspeaker.Errorf(paspeaker.CodeInvalid, "a program for %s (%s), which no node is", f.Machine, f.Type)
	}
	return arch, nil
}

// CheckArch refuses a file that is not a program for arch.
func CheckArch(path, arch string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	got, err := Arch(f)
	if err == nil && got != arch {
		err = paspeaker.Errorf(paspeaker.CodeInvalid, "the program says that it is for %s, and is for %s", arch, got)
	}
	return err
}
