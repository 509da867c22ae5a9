// The oracle of the schedule tests: Kubernetes' own cron library, asked line by line.
//
// In:  expression, time zone, moment (Unix seconds), number of runs; separated by tabs.
// Out: that many next runs (Unix seconds) separated by blanks, fewer where there are none; or "refused" and why.
//
// Expression and zone are put together as Kubernetes' CronJob controller does it. The zones' data are found through the
// environment variable ZONEINFO.
package main

import (
	"bufio"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

func main() {
	in := bufio.NewScanner(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	for in.Scan() {
		question := strings.Split(in.Text(), "\t")
		if len(question) != 4 {
			log.Fatalf("not four parts: %q", in.Text())
		}
		fmt.Fprintln(out, answer(question[0], question[1], number(question[2]), number(question[3])))
	}
	if err := in.Err(); err != nil {
		log.Fatal(err)
	}
	if err := out.Flush(); err != nil {
		log.Fatal(err)
	}
}

func answer(expression, zone string, moment, runs int64) string {
	if _, err := cron.ParseStandard(expression); err != nil {
		return "refused " + err.Error()
	}
	schedule, err := cron.ParseStandard(fmt.Sprintf("TZ=%s %s", zone, expression))
	if err != nil {
		return "refused " + err.Error()
	}
	var found []string
	for at := schedule.Next(time.Unix(moment, 0)); !at.IsZero() && int64(len(found)) < runs; at = schedule.Next(at) {
		found = append(found, strconv.FormatInt(at.Unix(), 10))
	}
	return strings.Join(found, " ")
}

func number(text string) int64 {
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		log.Fatal(err)
	}
	return value
}
