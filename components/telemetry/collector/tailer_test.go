package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestEveryLineIsDeliveredOnceOverRotations(t *testing.T) {
	to := newFakeStore(t)
	given := configured(t, to)
	program := newDocker(t, given.Containers, containerID, application)
	program.maxSize = 40_000
	start(t, given)
	for number := 1; number <= 1000; number += 20 {
		program.say(numbered(number, number+19)...)
		time.Sleep(100 * time.Millisecond)
	}
	once(t, to.messages(t, 1000), numbered(1, 1000))
}

func TestWhatWasRotatedBeforeTheStartIsReadFirst(t *testing.T) {
	to := newFakeStore(t)
	given := configured(t, to)
	program := newDocker(t, given.Containers, containerID, application)
	for part := range 3 {
		if part > 0 {
			program.rotate()
		}
		program.say(numbered(part*10+1, part*10+10)...)
	}
	start(t, given)
	once(t, to.messages(t, 30), numbered(1, 30))
}

func TestEveryLineIsDeliveredOnceOverARestart(t *testing.T) {
	to := newFakeStore(t)
	given := configured(t, to)
	program := newDocker(t, given.Containers, containerID, application)
	program.say(numbered(1, 100)...)
	first := start(t, given)
	to.messages(t, 100)
	program.say(numbered(101, 150)...)
	first.stop()
	program.say(numbered(151, 200)...)
	program.rotate()
	program.say(numbered(201, 250)...)
	start(t, given)
	once(t, to.messages(t, 250), numbered(1, 250))
}

func TestALogThatWasReadIsNotReadAgain(t *testing.T) {
	to := newFakeStore(t)
	given := configured(t, to)
	program := newDocker(t, given.Containers, containerID, application)
	program.say(numbered(1, 10)...)
	for range 3 {
		process := start(t, given)
		to.messages(t, 10)
		process.stop()
		program.rotate()
	}
	once(t, to.messages(t, 10), numbered(1, 10))
}

// The file system gives the inode of a removed file to the next one.
func TestAFileWithTheInodeOfARemovedOneIsReadFromItsBeginning(t *testing.T) {
	to, given, program := readBefore(t, numbered(1, 10)...)
	must(t, os.Truncate(program.path, 0))
	program.say(numbered(11, 60)...)
	start(t, given)
	once(t, to.messages(t, 60), numbered(1, 60))
}

func TestWhileTheStoreIsAwayNothingIsLostAndNothingPilesUp(t *testing.T) {
	to := newFakeStore(t)
	given := configured(t, to)
	program := newDocker(t, given.Containers, containerID, gate)
	to.leave(true)
	process := start(t, given)
	long := accessLine(`"status":200,"seconds":1,"long":"` + strings.Repeat("x", 10_000) + `"`)
	for range 400 {
		program.say(long)
	}
	eventually(t, func() bool { return to.tries() > 5 }, "tries")
	process.has("collector_store_up", "0")
	program.rotate()
	program.say(numbered(1, 10)...)
	time.Sleep(2 * scanPause)
	// One batch is on its way, and one is ready: of 4 MB no more has been read.
	read, err := strconv.Atoi(process.metric(`ingress_requests_total{region="east",route="/users",service="users",status="2xx",track="canary"}`))
	if err != nil || read == 0 || read >= 400 {
		t.Errorf("%d lines have been read: %v", read, err)
	}
	remove(t, program.folder)
	to.leave(false)
	said := to.messages(t, 410)
	once(t, said[400:], numbered(1, 10))
	process.has("collector_store_up", "1")
	process.has("collector_rows_sent_total", "410")
}

func TestARestartWhileTheStoreIsAwayLosesNothing(t *testing.T) {
	to := newFakeStore(t)
	given := configured(t, to)
	program := newDocker(t, given.Containers, containerID, application)
	program.say(numbered(1, 10)...)
	first := start(t, given)
	to.messages(t, 10)
	to.leave(true)
	program.say(numbered(11, 20)...)
	before := to.tries()
	eventually(t, func() bool { return to.tries() > before+2 }, "tries")
	first.stop()
	to.leave(false)
	start(t, given)
	once(t, to.messages(t, 20), numbered(1, 20))
}

func TestPartsOfALineAreJoined(t *testing.T) {
	to := newFakeStore(t)
	given := configured(t, to)
	program := newDocker(t, given.Containers, containerID, application)
	program.entry("stdout", strings.Repeat("a", 16<<10))
	program.entry("stderr", "another\n")
	program.entry("stdout", strings.Repeat("b", 16<<10))
	program.rotate()
	program.entry("stdout", "c\n")
	start(t, given)
	once(t, to.messages(t, 2), []string{"another", strings.Repeat("a", 16<<10) + strings.Repeat("b", 16<<10) + "c"})
}

func TestALineIsJoinedUpToAMebibyte(t *testing.T) {
	to := newFakeStore(t)
	given := configured(t, to)
	program := newDocker(t, given.Containers, containerID, application)
	for range 100 {
		program.entry("stdout", strings.Repeat("a", 16<<10))
	}
	program.entry("stdout", "end\n")
	start(t, given)
	once(t, to.messages(t, 2), []string{strings.Repeat("a", 1<<20), strings.Repeat("a", 36*16<<10) + "end"})
}

func TestALineThatHasBegunIsWholeAfterARestart(t *testing.T) {
	to := newFakeStore(t)
	given := configured(t, to)
	program := newDocker(t, given.Containers, containerID, application)
	program.say("first")
	program.entry("stdout", "be")
	program.entry("stderr", "an error\n")
	first := start(t, given)
	to.messages(t, 2)
	time.Sleep(checkpointPause)
	first.stop()
	program.entry("stderr", "another error\n")
	program.entry("stdout", "gun\n")
	start(t, given)
	once(t, to.messages(t, 4), []string{"first", "an error", "another error", "begun"})
}

func TestANewContainerIsReadFromItsBeginning(t *testing.T) {
	to := newFakeStore(t)
	given := configured(t, to)
	start(t, given)
	time.Sleep(2 * pollPause)
	newDocker(t, given.Containers, containerID, application).say(numbered(1, 3)...)
	once(t, to.messages(t, 3), numbered(1, 3))
}

func TestAContainerThatIsGoneIsReadToItsEndAndForgotten(t *testing.T) {
	to := newFakeStore(t)
	given := configured(t, to)
	program := newDocker(t, given.Containers, containerID, application)
	program.say("first")
	process := start(t, given)
	to.messages(t, 1)
	program.say("second")
	program.entry("stdout", "killed in the mid")
	remove(t, program.folder)
	once(t, to.messages(t, 3), []string{"first", "second", "killed in the mid"})
	eventually(t, func() bool {
		text, err := os.ReadFile(filepath.Join(given.State, "checkpoints.json"))
		return err == nil && string(text) == "{}"
	}, "no checkpoint")
	process.stop()
}

func TestAContainerThatWentWhileNobodyLookedIsForgotten(t *testing.T) {
	_, given, program := readBefore(t, "first")
	remove(t, program.folder)
	start(t, given)
	eventually(t, func() bool {
		text, err := os.ReadFile(filepath.Join(given.State, "checkpoints.json"))
		return err == nil && string(text) == "{}"
	}, "no checkpoint")
}

func TestContainersOfOthersAreNotRead(t *testing.T) {
	to := newFakeStore(t)
	given := configured(t, to)
	newDocker(t, given.Containers, strings.Repeat("1", 64), map[string]string{"gostack.stack": "another"}).say("secret")
	newDocker(t, given.Containers, strings.Repeat("2", 64), nil).say("secret")
	newDocker(t, given.Containers, containerID, application).say("line")
	start(t, given)
	once(t, to.messages(t, 1), []string{"line"})
}

func TestALineThatIsNoneIsCountedAndPassedOver(t *testing.T) {
	to := newFakeStore(t)
	given := configured(t, to)
	program := newDocker(t, given.Containers, containerID, application)
	program.raw("the end of a line\"}\n")
	program.say("first")
	program.raw("{\"log\":\"torn\x00\x00\n")
	program.say("second")
	process := start(t, given)
	once(t, to.messages(t, 2), []string{"first", "second"})
	process.has(`collector_rows_dropped_total{reason="malformed"}`, "2")
}

func TestBrokenCheckpointsMeanThatEverythingIsReadAgain(t *testing.T) {
	to := newFakeStore(t)
	given := configured(t, to)
	newDocker(t, given.Containers, containerID, application).say("line")
	must(t, os.WriteFile(filepath.Join(given.State, "checkpoints.json"), []byte("{"), 0o600))
	start(t, given)
	once(t, to.messages(t, 1), []string{"line"})
}

func TestWhatIsRotatedAwayWhileTheStoreIsAwayIsCounted(t *testing.T) {
	to := newFakeStore(t)
	given := configured(t, to)
	program := newDocker(t, given.Containers, containerID, application)
	program.say(numbered(1, 10)...)
	to.leave(true)
	process := start(t, given)
	eventually(t, func() bool { return to.tries() > 1 }, "a try")
	// The first file has been read; each of these has not.
	for range openFiles + 1 {
		program.rotate()
		program.say("lost or not")
		time.Sleep(scanPause + 100*time.Millisecond)
	}
	if lost := process.metric(`collector_rows_dropped_total{reason="rotated"}`); lost != "1" && lost != "2" {
		t.Fatalf("%q lines are counted as lost", lost)
	}
}

func TestAContainerThatNeverSaysAWordHasFiguresAndItsEnvironmentStaysWhereItIs(t *testing.T) {
	to := newFakeStore(t)
	given := configured(t, to)
	given.Cgroups = version2(t, "docker/ID", containerID)
	newDocker(t, given.Containers, containerID, application)
	named := maps.Clone(application)
	delete(named, "gostack.instance")
	newDocker(t, given.Containers, strings.Repeat("3", 64), named).say("line")
	process := start(t, given)
	labels := `{instance="users-east-1",region="east",role="application",service="users",track="stable"}`
	eventually(t, func() bool { return process.metric("container_memory_working_set_bytes"+labels) == "1000" }, "its memory")
	to.messages(t, 1)
	has(t, to.received()[0], map[string]string{"instance": "a-name"})
	for _, row := range to.received() {
		if text, _ := json.Marshal(row); strings.Contains(string(text), "planted") {
			t.Error("its environment is in a row")
		}
	}
}

func TestAContainerThatIsBeingMadeIsReadOnceItIsKnown(t *testing.T) {
	to := newFakeStore(t)
	given := configured(t, to)
	program := newDocker(t, given.Containers, containerID, application)
	program.say("line")
	settings := filepath.Join(program.folder, "config.v2.json")
	must(t, os.Rename(settings, settings+".later"))
	start(t, given)
	time.Sleep(2 * scanPause)
	must(t, os.Rename(settings+".later", settings))
	once(t, to.messages(t, 1), []string{"line"})
}

func TestAFileThatIsCutAfterARestartIsReadFromItsBeginning(t *testing.T) {
	to, given, program := readBefore(t, numbered(1, 20)...)
	process := start(t, given)
	eventually(t, func() bool { return process.metric("collector_store_up") == "1" }, "a start")
	time.Sleep(2 * scanPause)
	must(t, os.Truncate(program.path, 0))
	time.Sleep(2 * scanPause)
	program.say("after")
	once(t, to.messages(t, 21)[20:], []string{"after"})
}
