"""Failed acquires: the error budget, and pools with too little traffic for it."""

import dataclasses

from case import Case
from series import Climb, Cycle, Rise
from .common import FAILED, RO, WHO, acquires


def said_of_burn(windows, share):
    return (f"In the pool ro of {WHO}, {share} of the acquires failed in the window that fired ({windows}); the error "
            "budget allows 0.1%. Each failed acquire is an error for its caller.")


# ReplicaDown fired, and the series that is recorded of that.
REPLICA_DOWN = 'ALERTS{alertname="ScidexPgPoolReplicaDown", alertstate="firing", severity="warning", pool="ro"}'
OUTAGE = 'instance_pool:scidex_pg_pool_outage_alerts:last2m{pool="ro"}'


def since(steps, rise, *first):
    """The behaviour of a counter of an instance that starts after these steps: its first values, and its rise after them."""
    last = first[-1] if first else 0
    return Cycle(("_",) * steps + first + tuple(last + rise * index for index in range(1000)))


def burn(share, failing, near, **times):
    """A burn of the error budget. At first there is one acquire per second: 1 / 0.1 of the minimum traffic."""
    step, calm_steps = times["step"], times["lead"] // times["step"]
    description = said_of_burn("1 hour or 6 hours", share)
    few, minutes = step / 10, 60 // step
    fires = calm_steps + (times["rises"] + times["for_"]) // step
    outage, remembered = (1,) * (120 // step) + ("stale",), ("_",) * (35 * minutes or 17)
    return Case(
        alert="ScidexPgPoolAcquireErrorBudgetBurn", severity="critical", component="waiters",
        summary="Acquires fail faster than the error budget allows.",
        description=description, dashboard="detail",
        calm={acquires("immediate"): Rise(step), **{acquires(outcome): Rise(0) for outcome in FAILED},
              acquires("cancelled"): Rise(0), acquires("closed"): Rise(0)},
        wrong={acquires("timeout"): Rise(failing)},
        near={"the budget is spent a little slower": {acquires("timeout"): Climb(((0, calm_steps), (near, 10000)))},
              "there is no traffic": {acquires("immediate"): Rise(0)},
              # Above the minimum in the long windows, but not in the short ones.
              "there is next to no traffic any more": {
                  acquires("immediate"): Climb(((step, calm_steps), (few * 0.475, 10000))),
                  acquires("timeout"): Climb(((0, calm_steps), (few * 0.475, 10000)))},
              "there is next to no traffic": {acquires("immediate"): Rise(few * 0.8), acquires("timeout"): Rise(few * 0.15)},
              # Above the minimum in the short window, but over the hour there are 0.09 a second.
              "there has been next to no traffic for most of the hour": {
                  acquires("immediate"): Rise(0),
                  acquires("timeout"): Climb(((0, fires - 1400 // step), (0.26 * step, 1400 // step), (0, 10000)))},
              "a new instance has one failure": {
                  acquires("immediate"): since(calm_steps, 0.2 * step), acquires("timeout"): since(calm_steps, 0, 0, 0, 1),
                  **dict.fromkeys(map(acquires, (*FAILED[1:], "cancelled", "closed")))},
              "callers cancel, or meet a pool that closes": {acquires("cancelled"): Rise(step),
                                                             acquires("closed"): Rise(step)},
              "an alert reported the outage of the server": {acquires("timeout"): Rise(failing),
                                                             REPLICA_DOWN: Cycle(outage + remembered)}},
        labels=RO,
        also=(*(({}, {acquires("timeout"): Rise(0), acquires(outcome): Rise(failing)}, description)
                for outcome in FAILED[1:]),
              ({}, {acquires("cancelled"): Rise(step), acquires("closed"): Rise(step)}, description),
              ({acquires("immediate"): Rise(few * 1.1)},
               {acquires("immediate"): Rise(few * 1.1), acquires("timeout"): Rise(failing * 0.11)}, description),
              # An alert reported an outage an hour before it fires.
              ({REPLICA_DOWN: Cycle(("_",) * (fires - 3600 // step) + outage + ("_",) * 100)}, {}, description)), **times)


def rate(of):
    return f'instance_pool:scidex_pg_pool_{of}:rate5m{{pool="ro"}}'


def ratio(window):
    return f'instance_pool:scidex_pg_pool_acquire_failures:ratio_rate{window}{{pool="ro"}}'


def slow_burn(share, failing, near, slower, **times):
    """The same over days, using the recorded rates."""
    description = said_of_burn("1 day or 3 days", share)
    step = times["step"]
    burns = (times["rises"] + times["for_"]) // step
    calm_steps, quarter_day = times["lead"] // step, 6 * 3600 // step
    # Above the minimum traffic over six hours, but not over a day or three days.
    night_and_day = (0.085,) * (66 * 3600 // step) + (0.12,) * quarter_day
    return Case(
        alert="ScidexPgPoolAcquireErrorBudgetBurn", severity="warning", component="waiters",
        summary="Acquires fail faster than the error budget allows.",
        description=description, dashboard="detail",
        calm={rate("acquires"): 1, rate("acquire_failures"): 0, OUTAGE: None},
        wrong={rate("acquire_failures"): failing},
        near={"the budget is spent a little slower": {
                  rate("acquire_failures"): Cycle((0,) * calm_steps + (near,) * slower + (0,) * 1000)},
              "there is next to no traffic": {rate("acquires"): 0.095, rate("acquire_failures"): 0.095 * failing},
              # Above the minimum over a day and over three days, but not over two hours and six hours.
              "there is next to no traffic any more": {
                  rate("acquires"): Cycle((1,) * (calm_steps - quarter_day) + (0.095,) * 1000),
                  rate("acquire_failures"): Cycle((0,) * calm_steps + (0.0475,) * 1000)},
              "there is next to no traffic except for six hours": {
                  rate("acquires"): Cycle(night_and_day), rate("acquire_failures"): Cycle(
                      tuple(failing * acquires for acquires in night_and_day))},
              # Two in a hundred of the first 360 acquires: much of what there is, little of the windows.
              "a new instance has few failures": {
                  rate("acquires"): Cycle(("_",) * calm_steps + (0.2,) * 1000),
                  rate("acquire_failures"): Cycle(("_",) * calm_steps + (0.004,) + (0,) * 1000)},
              "an alert reported the outage of the server": {
                  rate("acquire_failures"): failing, OUTAGE: Cycle((1,) + ("_",) * quarter_day)}},
        labels=RO,
        also=(({rate("acquires"): 0.11}, {rate("acquires"): 0.11, rate("acquire_failures"): failing * 0.11}, description),
              ({}, {OUTAGE: Cycle(("_",) * (burns - 10 * 3600 // step) + (1,) + ("_",) * 1000)}, description)),
        # The windows of hours have a value every five minutes.
        scrapes=6, outlives_failed_scrape=False, **times)


CASES = [
    burn("1.507%", failing=1, near=0.86, step=60, lead=370 * 60,
         rises=55 * 60, for_=120, forgets=4 * 60),
    burn("0.6019%", failing=0.8, near=0.7, step=120, lead=190 * 120, rises=163 * 120, for_=120, holds=240,
         forgets=15 * 120),
    slow_burn("0.3171%", failing=0.004, near=0.0028, slower=50, step=1800, lead=160 * 1800, rises=36 * 1800, for_=3600,
              holds=9 * 1800, forgets=10 * 1800),
    slow_burn("0.1017%", failing=0.0012, near=0.00095, slower=1000, step=1800, lead=160 * 1800, rises=120 * 1800, for_=3600,
              holds=3600, forgets=10 * 1800),

    # Only the window of a day: there was more traffic before.
    dataclasses.replace(
        slow_burn("0.3466%", failing=0.0035, near=0.0024, slower=50, step=1800, lead=160 * 1800, rises=46 * 1800, for_=3600,
                  holds=0, forgets=3 * 1800),
        calm={rate("acquires"): 3, rate("acquire_failures"): 0, OUTAGE: None},
        wrong={rate("acquires"): 1, rate("acquire_failures"): 0.0035}, also=(), near={"nothing fails": {OUTAGE: None}}),

    # The window of three days, with recorded ratios; the ratio over six hours, from another group, is missing sometimes.
    Case(alert="ScidexPgPoolAcquireErrorBudgetBurn", severity="warning", component="waiters",
         summary="Acquires fail faster than the error budget allows.",
         description=said_of_burn("1 day or 3 days", "0.2%"), dashboard="detail",
         calm={ratio("1d"): 0, ratio("2h"): 0, ratio("3d"): 0.002, ratio("6h"): None, OUTAGE: None},
         wrong={ratio("6h"): 0.002}, near={"nothing fails any more": {ratio("6h"): 0}}, labels=RO, step=60, for_=3600,
         holds=300, forgets=0, outlives_failed_scrape=False),

    # The window of a day, with recorded ratios.
    Case(alert="ScidexPgPoolAcquireErrorBudgetBurn", severity="warning", component="waiters",
         summary="Acquires fail faster than the error budget allows.",
         description=said_of_burn("1 day or 3 days", "0.35%"), dashboard="detail",
         calm={ratio("1d"): 0.0035, ratio("2h"): 0, ratio("3d"): 0, ratio("6h"): 0, OUTAGE: None},
         wrong={ratio("2h"): 0.0032}, near={"fewer fail lately": {ratio("2h"): 0.0025}}, labels=RO, step=60, for_=3600,
         forgets=0, outlives_failed_scrape=False),

    Case(alert="ScidexPgPoolAcquiresFail", severity="warning", component="waiters",
         summary="Most acquires of a pool with little traffic fail.",
         description=f"In the pool ro of {WHO}, 10 acquires failed in the last hour, more than half of all. The pool has "
                     "too little traffic for an error budget. Each failed acquire is an error for its caller.",
         dashboard="detail",
         calm={rate("acquires"): 0.0045, rate("acquire_failures"): 0, OUTAGE: None},
         wrong={rate("acquire_failures"): 0.0028},
         near={"only nine fail": {rate("acquires"): 0.003, rate("acquire_failures"): 0.0024},
               "there are enough for an error budget": {
                   rate("acquires"): 0.105, rate("acquire_failures"): Cycle((0,) * 13 + (0.1,) * 1000)},
               "less than half fail": {rate("acquires"): 0.0055, rate("acquire_failures"): 0.0027},
               "an alert reported the outage of the server": {rate("acquire_failures"): 0.0028,
                                                              OUTAGE: Cycle((1,) + ("_",) * 22)}},
         also=(({OUTAGE: Cycle(("_",) * 35 + (1,) + ("_",) * 100)}, {},
                f"In the pool ro of {WHO}, 10 acquires failed in the last hour, more than half of all. The pool has too "
                "little traffic for an error budget. Each failed acquire is an error for its caller."),
               ({rate("acquires"): 0.09}, {rate("acquires"): 0.09, rate("acquire_failures"): 0.0505556},
                f"In the pool ro of {WHO}, 182 acquires failed in the last hour, more than half of all. The pool has too "
                "little traffic for an error budget. Each failed acquire is an error for its caller."),
               # A new instance, which has not had enough traffic for an error budget yet.
               ({rate("acquires"): None, rate("acquire_failures"): None},
                {rate("acquires"): Cycle(("_",) * 11 + (0.2,) * 100), rate("acquire_failures"): Cycle(("_",) * 11 + (0.2,) * 100)},
                f"In the pool ro of {WHO}, 60 acquires failed in the last hour, more than half of all. The pool has too "
                "little traffic for an error budget. Each failed acquire is an error for its caller.")),
         labels=RO, step=300, lead=60 * 300, rises=3300, holds=300, outlives_failed_scrape=False,
         forgets=300),
]
