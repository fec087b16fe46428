"""Which of scikit-learn's tests are left out, and why.

A row is the name of a test, with that of its module where both have one, and the parameters for
which it is left out, if not for all. stand_ins.py sees to it that every row is needed: its tests
fail, skip themselves, or pass without a fit of ours.
"""

LEFT_OUT = {
    "MLPRegressor: there is none here": """
        test_early_stopping MLPRegressor
        test_lbfgs_regression
        test_lbfgs_regression_maxfun
        test_minimum_input_sample_size
        test_mlp_diverging_loss
        test_mlp_loading_from_joblib_partial_fit
        test_mlp_param_dtypes MLPRegressor
        test_mlp_partial_fit_after_fit MLPRegressor
        test_mlp_regressor_dtypes_casting
        test_mlp_sample_weight_with_early_stopping
        test_mlp_vs_poisson_glm_equivalent
        test_mlp_warm_start_no_convergence MLPRegressor
        test_mlp_warm_start_with_early_stopping MLPRegressor
        test_multioutput_regression
        test_nonfinite_params
        test_partial_fit_regression
        test_preserve_feature_names MLPRegressor
        test_shuffle
        test_warm_start_full_iteration MLPRegressor
    """,
    "the solver liblinear, and the parameters of it alone (dual, intercept_scaling)": """
        test_check_solver_option
        test_consistency_path
        test_dtype_match liblinear
        test_large_sparse_matrix liblinear
        test_liblinear_decision_function_zero
        test_liblinear_dual_random_state
        test_liblinear_multiclass_raises
        test_liblinear_not_stuck
        test_liblinear_with_large_values
        test_logistic_cv
        test_logistic_cv_sparse liblinear
        test_logistic_regression_callback_support_warning
        test_logistic_regression_sample_weights liblinear
        test_logistic_regression_solver_class_weights liblinear
        test_logisticregression_liblinear_sample_weight
        test_logreg_l1
        test_max_iter liblinear
        test_n_iter liblinear
        test_saga_vs_liblinear
        test_sample_and_class_weight_equivalence_liblinear
        test_zero_max_iter liblinear
    """,
    "an objective of the test's own: the mean of the losses with the penalty for their sum": """
        test_LogisticRegression_elastic_net_objective 0.1-100.0
        test_LogisticRegression_elastic_net_objective 0.5-100.0
        test_LogisticRegression_elastic_net_objective 0.9-100.0
    """,
    "what scikit-learn deprecates: penalty, l1_ratio=None, and n_jobs, which works here": """
        test_elastic_net_l1_l2_equivalence
        test_elasticnet_l1_ratio_err_helpful
        test_l1_ratio_non_elasticnet
        test_l1_ratio_None_deprecated
        test_logisticregression_warns_with_n_jobs
        test_logisticregressioncv_warns_with_use_legacy_attributes
        test_lr_penalty_l1ratio_incompatible
        test_lr_scoring_warns
        test_penalty_deprecated
        test_penalty_none
    """,
    "private functions and attributes of scikit-learn (_optimizer, _predict_proba_lr and such)": """
        test_adaptive_learning_rate
        test_get_default_scorer
        test_gradient
        test_learning_rate_warmstart
        test_logistic_cv_multinomial_score
        test_logistic_regression_path_coefs_multinomial
        test_logistic_regression_path_convergence_fail
        test_logistic_regression_path_init_coefs
        test_logreg_predict_proba_multinomial
        test_n_iter_no_change
        test_n_iter_no_change_inf
    """,
    "the wording of a warning, an error or a line of verbose": """
        test_early_stopping_stratified
        test_max_iter lbfgs
        test_max_iter newton-cg
        test_max_iter newton-cholesky
        test_max_iter sag
        test_max_iter saga
        test_mlp_partial_fit_after_fit MLPClassifier
        test_verbose_sgd
        test_mlp::test_warm_start
    """,
    "array API: its libraries are missing": """
        test_logistic_regression_array_api_compliance
        test_logistic_regression_array_api_warm_start
    """,
    "folds of one class only, whose scores are NaN here, with a warning": """
        test_logistic_cv_folds_with_classes_missing 2
    """,
    "fits of folds end when their score has settled, here with coefficients within 2e-5": """
        test_LogisticRegressionCV_on_folds
    """,
    "64-bit indices of a sparse matrix, which sag and saga refuse, are accepted here": """
        test_large_sparse_matrix sag
        test_large_sparse_matrix saga
    """,
    "newton-cholesky begins again with lbfgs where it fails: newton does not do so here": """
        test_newton_cholesky_fallback_to_lbfgs
    """,
    "the empty task after the last iteration, which scikit-learn has after SciPy's L-BFGS": """
        test_logistic_regression_callback_support
    """,
    "weights set by hand before the first fit, without classes_": """
        test_fit
    """,
    "labels of one class only, which are an error here, as in LogisticRegression": """
        test_preserve_feature_names MLPClassifier
    """,
    "log-probabilities near 0, which differ here where probabilities are rounded to the same": """
        test_predict_proba_multilabel
    """,
}

#: Faults of ours: to mend one is to take its rows away.
TO_BE_MENDED: dict[str, str] = {}


def rows():
    """Each row with its reason."""
    for table in (LEFT_OUT, TO_BE_MENDED):
        for reason, names in table.items():
            for row in names.strip().splitlines():
                yield row.strip(), reason
