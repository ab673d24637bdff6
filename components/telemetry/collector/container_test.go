package main

import (
	"path/filepath"
	"testing"
)

// An empty file has nothing by which it could be told from another one with its inode.
func TestTheBeginningOfAFileIsRememberedAsTheEndOfTheOneBefore(t *testing.T) {
	root := t.TempDir()
	program := newDocker(t, root, containerID, application)
	program.say("line")
	of, dropped, buffer := newContainer(containerID), newMetrics(), make([]byte, readBytes)
	t.Cleanup(of.close)
	read := func() checkpoint {
		of.refresh(root, dropped)
		for of.read(buffer, func(found) {}, dropped) {
		}
		saved, _ := of.checkpoint()
		return saved
	}
	before := read()
	program.rotate()
	if after := read(); after.At != before.At || after.At.Offset == 0 {
		t.Errorf("%+v, not %+v", after.At, before.At)
	}
	program.say("another")
	if after := read(); after.At.Inode == before.At.Inode {
		t.Error("the new file is not read")
	}
	if paths, _ := filepath.Glob(program.path + "*"); len(paths) != 2 {
		t.Error(paths)
	}
}
