# SPDX-License-Identifier: MIT
"""What is true of acts that take each other back, told by the world that they happened in: no journal, no doubt."""


class Act:
    """One change: RUN/TASK/SEQ wrote `value` on the slip `domain`; as the inverse of `undoes`, or of nothing."""

    def __init__(self, run, playbook, place, domain, value, undoes):
        self.run, self.playbook, self.place, self.domain, self.value, self.undoes = run, playbook, place, domain, value, undoes
        self.guarded = playbook != "bare"  # its inverse looks first
        self.times = 0  # it happened
        self.known = False  # muster was told whether it did: by an answer, or by a person
        self.stands = False

    def __str__(self):
        return f"{self.run}/{self.place[0]}/{self.place[1]} (put {self.domain} {self.value})"

    def line(self):
        """The act, what it took back, what that took back ..."""
        act = self
        while act:
            yield act
            act = act.undoes


class Truth:
    def __init__(self, followed):
        self.acts = {}  # (run, place): Act
        self.history = []  # (act, True: it was done; False: it was taken back)
        self.followed = followed  # {playbook: the one that is to follow}

    def happens(self, act):
        """Whoever takes back a taking back makes anew what that had taken back."""
        act.times += 1
        for depth, each in enumerate(act.line()):
            each.stands = depth % 2 == 0
            self.history.append((each, each.stands))

    def open_to_doubt(self, act):
        """It, or something that took it back, is not known to muster."""
        return any(not other.known for other in self.acts.values() if act in other.line())

    def was_followed(self, act):
        """Since it was last done its follower changed the same, and what came later left that as it is: the rule of `muster guard`
        (guard_ended.c), by what happened."""
        since = max(i for i, event in enumerate(self.history) if event == (act, True))
        followed, before = False, {}
        for other, done in self.history[since + 1:]:
            if other.domain != act.domain:
                continue
            if done:
                before[other] = followed
                followed = followed or other.playbook == self.followed[act.playbook]
            else:
                followed = followed and before.get(other, True)
        return followed

    def is_free(self, domain):
        return all(self.was_followed(act) for act in self.acts.values()
                   if act.domain == domain and act.stands and act.playbook in self.followed)
