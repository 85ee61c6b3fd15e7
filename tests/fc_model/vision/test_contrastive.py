"""InfoNCE with a queue: CLIP's loss without one, more negatives with one, no false ones, exact resume."""

import math

import torch
import torch.nn.functional as F

from fc_model.vision.contrastive import ContrastiveHead, QueuedInfoNCE, caption_ids, last_states


def unit(*shape: int, seed: int = 0) -> torch.Tensor:
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def test_without_a_queue_it_is_the_loss_of_clip():
    image, text = unit(6, 8, seed=1).requires_grad_(), unit(6, 8, seed=2).requires_grad_()
    loss = QueuedInfoNCE(8, queue_size=16)(image, text, torch.arange(6)).loss
    logits = image @ text.T / 0.07
    expected = (F.cross_entropy(logits, torch.arange(6)) + F.cross_entropy(logits.T, torch.arange(6))) / 2
    torch.testing.assert_close(loss, expected)
    ours = torch.autograd.grad(loss, (image, text), retain_graph=True)
    for mine, theirs in zip(ours, torch.autograd.grad(expected, (image, text)), strict=True):
        torch.testing.assert_close(mine, theirs)


def test_the_queue_is_further_negatives():
    criterion = QueuedInfoNCE(8, queue_size=5, temperature=0.5)
    criterion.update(unit(3, 8, seed=3), unit(3, 8, seed=4), torch.arange(3) + 100)
    image, text = unit(4, 8, seed=1), unit(4, 8, seed=2)
    result = criterion(image, text, torch.arange(4))
    per_image = F.cross_entropy(2 * image @ torch.cat((text, unit(3, 8, seed=4))).T, torch.arange(4))
    per_text = F.cross_entropy(2 * text @ torch.cat((image, unit(3, 8, seed=3))).T, torch.arange(4))
    torch.testing.assert_close(result.loss, (per_image + per_text) / 2)


def test_the_oldest_leave_the_queue():
    criterion = QueuedInfoNCE(2, queue_size=5)
    for start in range(0, 12, 3):
        ids = torch.arange(start, start + 3)
        criterion.update(ids[:, None].expand(3, 2).float(), -ids[:, None].expand(3, 2).float(), ids)
    assert sorted(criterion.id_queue.tolist()) == [7, 8, 9, 10, 11]
    assert torch.equal(criterion.image_queue[:, 0].long(), criterion.id_queue)
    assert torch.equal(criterion.text_queue[:, 1].long(), -criterion.id_queue)
    ids = torch.arange(20, 28)
    criterion.update(ids[:, None].expand(8, 2).float(), ids[:, None].expand(8, 2).float(), ids)
    assert sorted(criterion.id_queue.tolist()) == [23, 24, 25, 26, 27]


def test_equal_captions_are_no_negatives():
    criterion = QueuedInfoNCE(8, queue_size=4, temperature=1.0)
    image, text = unit(3, 8, seed=1), unit(3, 8, seed=2)
    text[2] = text[0]
    criterion.update(unit(1, 8, seed=5), text[1:2], caption_ids(["b"]))
    result = criterion(image, text, caption_ids(["a", "b", "a"]))
    scores = image @ text.T
    queued = (image @ text[1], text @ unit(1, 8, seed=5)[0])
    losses = []
    for matrix, queue in ((scores, queued[0]), (scores.T, queued[1])):
        negatives = [[matrix[0, 1], queue[0]], [matrix[1, 0], matrix[1, 2]], [matrix[2, 1], queue[2]]]
        for i, others in enumerate(negatives):
            losses.append(torch.stack([matrix[i, i], *others]).logsumexp(0) - matrix[i, i])
    torch.testing.assert_close(result.loss, torch.stack(losses).mean())


def test_accuracy_counts_pairs_that_find_each_other_in_the_batch():
    features = torch.eye(4)
    criterion = QueuedInfoNCE(4, queue_size=0)
    assert criterion(features, features, torch.arange(4)).accuracy == 1
    swapped = features[[1, 0, 2, 3]]
    assert criterion(features, swapped, torch.arange(4)).accuracy == 0.5
    criterion.update(features, features, torch.arange(4))  # a queue of no places stays empty


def test_no_gradient_flows_into_the_queue():
    criterion = QueuedInfoNCE(8, queue_size=4)
    old = unit(2, 8, seed=7).requires_grad_()
    criterion.update(old, old, torch.tensor([50, 51]))
    image = unit(3, 8, seed=1).requires_grad_()
    criterion(image, unit(3, 8, seed=2), torch.arange(3)).loss.backward()
    assert old.grad is None and image.grad is not None
    assert not criterion.image_queue.requires_grad


def test_the_temperature_learns_within_its_bounds():
    criterion = QueuedInfoNCE(4, queue_size=0)
    optimizer = torch.optim.SGD(criterion.parameters(), lr=10.0)
    perfect = F.normalize(torch.eye(4) + 0.1, dim=-1)
    first = float(criterion.log_scale.detach())
    for _ in range(20):
        optimizer.zero_grad()
        criterion(perfect, perfect, torch.arange(4)).loss.backward()
        optimizer.step()
        criterion.update(perfect, perfect, torch.arange(4))
    assert first < float(criterion.log_scale.detach()) <= math.log(100) + 1e-6
    with torch.no_grad():
        criterion.log_scale.fill_(9.0)
    criterion.update(perfect, perfect, torch.arange(4))
    assert math.isclose(float(criterion.log_scale.detach()), math.log(100), rel_tol=1e-6)


def train(steps: range, state: dict | None) -> tuple[list[float], dict]:
    """Losses of these steps of a small image and text head, from a state, and the state behind them."""
    torch.manual_seed(0)
    heads = {"image": ContrastiveHead(6, 4, pool=True), "text": ContrastiveHead(5, 4)}
    parts = torch.nn.ModuleDict(heads | {"loss": QueuedInfoNCE(4, queue_size=7)})
    if state is not None:
        parts.load_state_dict(state)
    losses = []
    for step in steps:
        generator = torch.Generator().manual_seed(step)
        image = parts["image"](torch.randn(3, 2, 6, generator=generator))
        text = parts["text"](torch.randn(3, 5, generator=generator))
        ids = torch.randint(0, 9, (3,), generator=generator)
        loss = parts["loss"](image, text, ids).loss
        parts.zero_grad()
        loss.backward()
        with torch.no_grad():
            for weight in parts.parameters():
                weight -= 0.1 * weight.grad
        parts["loss"].update(image, text, ids)
        losses.append(loss.item())
    return losses, {name: tensor.clone() for name, tensor in parts.state_dict().items()}


def test_a_resumed_run_has_the_losses_of_one_that_went_on():
    straight, last = train(range(10), None)
    first, state = train(range(4), None)
    second, resumed = train(range(4, 10), state)
    assert first + second == straight
    assert all(torch.equal(last[name], resumed[name]) for name in last)


def test_the_attention_pool_starts_as_the_mean():
    torch.manual_seed(0)
    mean, attention = ContrastiveHead(6, 4), ContrastiveHead(6, 4, pool=True)
    attention.proj.load_state_dict(mean.proj.state_dict())
    x = torch.randn(2, 3, 6)
    torch.testing.assert_close(mean(x.mean(dim=1)), attention(x))
    torch.testing.assert_close(attention(x).norm(dim=-1), torch.ones(2))


def test_equal_captions_have_equal_ids_and_states_come_from_the_last_token():
    first, second, third = caption_ids(["a cat", "a dog", "a cat"]).tolist()
    assert first == third != second
    hidden = torch.arange(24.0).reshape(2, 4, 3)
    assert last_states(hidden, torch.tensor([2, 4])).tolist() == [[3.0, 4.0, 5.0], [21.0, 22.0, 23.0]]
