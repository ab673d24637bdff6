package main

import (
	"bytes"
	"io"
	"os"
	"syscall"
)

// logFile is one open file of a container's log.
type logFile struct {
	*os.File
	number int
	inode  uint64
	// offset is where the next line begins.
	offset int64
}

func openLog(path string) (*logFile, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	information, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return &logFile{File: file, inode: inodeOf(information)}, nil
}

func inodeOf(information os.FileInfo) uint64 {
	if system, ok := information.Sys().(*syscall.Stat_t); ok {
		return system.Ino
	}
	return 0
}

// size is 0 for a file that cannot be asked.
func (f *logFile) size() int64 {
	information, err := f.Stat()
	if err != nil {
		return 0
	}
	return information.Size()
}

func (f *logFile) position(offset int64) position {
	return position{f.inode, offset, mark(f, offset)}
}

func (f *logFile) holds(wanted position) bool {
	return f.inode == wanted.Inode && f.size() >= wanted.Offset && mark(f, wanted.Offset) == wanted.Mark
}

// unreadLines is how many lines are lost with the file.
func (f *logFile) unreadLines() int {
	lines, buffer := 0, make([]byte, 64<<10)
	for rest := io.NewSectionReader(f, f.offset, 1<<40); ; {
		length, err := rest.Read(buffer)
		lines += bytes.Count(buffer[:length], []byte("\n"))
		if err != nil {
			return lines
		}
	}
}
