"""What every problem promises, checked on the problem as it stands."""

from fc_model.evals.chat.equations import step_fault
from fc_pipeline.reasoning.kinds.registry import KINDS
from fc_pipeline.reasoning.outside.programs import Programs
from fc_pipeline.reasoning.problem import Problem


def broken_promise(problem: Problem, programs: Programs) -> str | None:
    """The first promise that a problem breaks, None where it keeps all of them.

    `wrong_step`: an equation in the chain of thought does not hold, evaluated exactly.
    `unchecked_step`: an equation in it cannot be read.
    `unreasoned_answer`: its last line does not have the answer.
    `unstated_answer`: the evaluation would not read the answer out of the reply.
    `other_answer`: another program, which starts from the question, comes to another answer.
    """
    fault = step_fault(problem.reasoning, problem.variables)
    if fault is not None:
        return fault
    if not problem.answer.is_given_by(problem.steps[-1]):
        return "unreasoned_answer"
    if not problem.answer.is_given_by(problem.reply):
        return "unstated_answer"
    family = problem.kind.partition("/")[0]
    return None if KINDS[family].confirms(problem, programs) else "other_answer"
