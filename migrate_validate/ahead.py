"""Answers that will be asked for, some of them found on a thread beside the others."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import Future
from typing import Generic, TypeVar

Question = TypeVar("Question", bound=Hashable)
Answer = TypeVar("Answer")


class Ahead(Generic[Question, Answer]):
    """Answers each question once: when it is asked, unless :meth:`begin` is told before what will be asked."""

    def __init__(self, find: Callable[[Question], Answer]) -> None:
        """Answer as ``find`` does. After :meth:`begin` two threads call it at the same time."""
        self._find = find
        self._answers: dict[Question, Future[Answer]] = {}
        self._taken: set[Question] = set()
        self._beside: dict[Question, None] = {}
        """The questions of the thread, in order."""
        self._here: deque[Question] = deque()
        self._thread: threading.Thread | None = None
        self._working = 0
        """How many answers are being looked for outside of the thread, each for the one before."""
        self._ended = False
        self._lock = threading.Lock()

    def begin(self, beside: Iterable[Question], here: Iterable[Question]) -> None:
        """Begin to answer some questions on a thread.

        :param beside: these, in their order
        :param here: who waits for one of those answers these meanwhile, in their order
        """
        self._beside, self._here = dict.fromkeys(beside), deque(here)
        self._thread = threading.Thread(target=self._answer_all, name="migrate-validate-ahead", daemon=True)
        self._thread.start()

    def answer(self, question: Question) -> Answer:
        """The answer; what goes wrong when it is looked for is raised, whenever it is asked again."""
        answer, ours = self._take(question)
        if ours:
            self._complete(question, answer)
        if not self._working and not self._on_thread:
            self._work_until(answer)
        return answer.result()

    def end(self, interrupt: Callable[[], None]) -> None:
        """Look for no more answers on the thread.

        :param interrupt: makes what happens on the thread end soon; called again and again until it has ended
        """
        self._ended = True
        while self._thread is not None and self._thread.is_alive():
            interrupt()
            self._thread.join(0.05)

    def _work_until(self, done: Future[Answer]) -> None:
        """Answer what will be asked, while the thread is at work.

        Who is looking for an answer has to wait instead: the next one may ask for just that.
        """
        while not done.done() and self._here:
            following = self._here.popleft()
            answer, ours = self._take(following)
            if ours:
                self._complete(following, answer)

    @property
    def _on_thread(self) -> bool:
        return threading.current_thread() is self._thread

    def _answer_all(self) -> None:
        for question in self._beside:
            answer, ours = self._take(question)
            if self._ended:
                answer.cancel()
            elif ours:
                self._complete(question, answer)

    def _take(self, question: Question) -> tuple[Future[Answer], bool]:
        """The place for the answer, and whether it is on the caller to find it."""
        with self._lock:
            ours = question not in self._taken and (self._on_thread or question not in self._beside)
            if ours:
                self._taken.add(question)
            return self._answers.setdefault(question, Future()), ours

    def _complete(self, question: Question, answer: Future[Answer]) -> None:
        deeper = 0 if self._on_thread else 1
        self._working += deeper
        try:
            answer.set_result(self._find(question))
        except Exception as error:  # noqa: BLE001 - it is raised where the answer is asked for
            answer.set_exception(error)
        except BaseException as error:
            answer.set_exception(error)
            raise
        finally:
            self._working -= deeper
