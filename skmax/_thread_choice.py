"""How many threads the parts of a fit get: by what they take, found out while it runs."""


class ThreadChoice:
    """One thread or `most`, and no number between, whichever takes less time for a part of a fit.

    A part is a minibatch, or a pass over the rows. No bit depends on the choice. Threads wait for
    each other in every part: small ones take longer by that, and all of them where another program
    has one of the cores. A fit of small parts begins with one thread, and tries more when a trial
    is short beside what it has taken so far; one of `large` parts begins with all, and soon looks
    at one for a moment. Threads that turn out slower, then or later, are left, and tried again when
    the fit has taken twice as long.
    """

    #: Seconds before the first trial of more threads, and of one. A core that was idle takes 20 ms
    #: to be of help, measured on a virtual machine.
    BEFORE_MORE, BEFORE_ONE = 0.5, 0.1
    PERIOD = 0.1  # of the seconds spent so far: what a trial takes, and a comparison looks at
    LEAST = 0.03  # seconds of either: another program may take a core away for some of them
    HOPELESS, STARTING = 3, 0.003  # a trial ends when it takes so many times as long, and seconds

    def __init__(self, most: int, large: bool) -> None:
        self.most, self.threads = most, most if large else 1
        #: For a part, when last measured; 0 before.
        self.seconds_of_one = self.seconds_of_more = 0.0
        self.spent, self.next_trial = 0.0, self.BEFORE_MORE
        self.trial_parts = 0  # at once on a trial; 0 when there is none
        self._begin_period(self.BEFORE_ONE)

    def parts(self, most: int) -> int:
        """How many parts to do before `took` is told, of `most` at once."""
        return min(most, self.trial_parts or most)

    def took(self, n_parts: int, seconds: float) -> None:
        """Choose the number of threads for the next parts."""
        self.spent += seconds
        if self.trial_parts:  # of twice as many from time to time: the last tell enough
            self._n_parts, self._seconds = 0, 0.0
            self.trial_parts *= 2
        self._n_parts += n_parts
        self._seconds += seconds
        if self.threads == 1:
            self._took_one()
        else:
            self._took_more()

    def _took_one(self) -> None:
        self.seconds_of_one = self._seconds / self._n_parts
        if self.trial_parts:
            if self.spent >= self._period_ends:
                faster = self.seconds_of_one < self.seconds_of_more
                self._go_on(1 if faster else self.most)
        elif self.most > 1 and self.spent >= self.next_trial:
            self._try(self.most)
        else:
            self._n_parts, self._seconds = 0, 0.0

    def _took_more(self) -> None:
        alone = self._n_parts * self.seconds_of_one
        if self.trial_parts and self._seconds > self.HOPELESS * alone + self.STARTING:
            self._go_on(1)
        elif self.spent >= self._period_ends:
            self.seconds_of_more = self._seconds / self._n_parts
            if not self.seconds_of_one:
                self._try(1)
            else:
                self._go_on(1 if self._seconds > alone else self.most)

    def _try(self, threads: int) -> None:
        self.threads, self.trial_parts = threads, 1
        self._begin_period(max(self.LEAST, self.PERIOD * self.spent))

    def _go_on(self, threads: int) -> None:
        self.threads, self.trial_parts = threads, 0
        self.next_trial = 2 * self.spent
        self._begin_period(max(self.LEAST, self.PERIOD * self.spent))

    def _begin_period(self, seconds: float) -> None:
        self._period_ends = self.spent + seconds
        self._n_parts, self._seconds = 0, 0.0
