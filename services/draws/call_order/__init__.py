"""The order of a draw, fixed so that no party can choose it: candidates, commitments, frozen lists, seed."""
